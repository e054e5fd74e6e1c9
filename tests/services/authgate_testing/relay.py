"""A port that leads to another one: from another address of this machine, or with other answers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from authgate_testing.processes import LOOPBACK

Change = Callable[[bytes], bytes]


@contextmanager
def relayed(
    target: int, *, source: str = LOOPBACK, change: Change = lambda data: data
) -> Iterator[int]:
    """Relay to a port on loopback, as ``source``; what comes back is changed. Yields the port."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        accepting = threading.Thread(target=_accept, args=(listener, target, source, change))
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, target: int, source: str, change: Change) -> None:
    carrying = []
    with suppress(OSError):
        while True:
            front, _ = listener.accept()
            behind = socket.create_connection((LOOPBACK, target), source_address=(source, 0))
            for way in ((front, behind, bytes), (behind, front, change)):
                carrying.append(threading.Thread(target=_carry, args=way))
                carrying[-1].start()
    for thread in carrying:
        thread.join()


def _carry(reader: socket.socket, writer: socket.socket, change: Change) -> None:
    with suppress(OSError):
        while data := reader.recv(65536):
            writer.sendall(change(data))
    with suppress(OSError):
        writer.shutdown(socket.SHUT_RDWR)
    writer.close()
