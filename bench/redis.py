"""A Redis of the measurement's own, which keeps nothing on disk."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.machine import pinned
from bench.servers import DidNotStart, free_port

_START_SECONDS = 15


@contextmanager
def running(cores: Sequence[int]) -> Iterator[str]:
    """Its address, held to *cores*, while the block lasts."""
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        raise DidNotStart("Redis is not installed")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(pinned(command, *cores), stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DidNotStart("Redis does not answer")
