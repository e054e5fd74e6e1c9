"""A name server on the loopback address that knows the TXT records it is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from authgate_testing.processes import LOOPBACK


@dataclass
class NameServer:
    """Answers until its block ends; whatever it knows nothing of does not exist."""

    line: socket.socket
    texts: dict[str, list[str]] = field(default_factory=dict)
    """By name, without the dot at the end."""
    refuses: bool = False
    holds: bool = False
    """Answers nobody before ``release``."""
    held: list[tuple[bytes, tuple[str, int]]] = field(default_factory=list)
    """Questions that wait, and who asks."""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """One for each of them."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.line.getsockname()[1]
        return port

    def take(self, asked: bytes, asker: tuple[str, int]) -> None:
        """Answer a question, or hold it."""
        if self.holds:
            self.held.append((asked, asker))
            self.arrived.release()
        else:
            self.line.sendto(self.answer(asked), asker)

    def release(self) -> None:
        """Answer what was held, and hold nothing more."""
        self.holds, self.arrived = False, threading.Semaphore(0)
        while self.held:
            self.take(*self.held.pop(0))

    @property
    def address(self) -> str:
        """As the setting takes it."""
        return f"{LOOPBACK}:{self.port}"

    def answer(self, asked: bytes) -> bytes:
        """The answer to a question, on the wire."""
        query = dns.message.from_wire(asked)
        question = query.question[0]
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        known = self.texts.get(question.name.to_text(omit_final_dot=True), [])
        if self.refuses:
            response.set_rcode(dns.rcode.REFUSED)
        elif known:
            texts = [f'"{text}"' for text in known]
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


@contextmanager
def nameserver_running() -> Iterator[NameServer]:
    """Answer on a free port, in a thread of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((LOOPBACK, 0))
        server = NameServer(line)
        thread = threading.Thread(target=_listen, args=(server,))
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", (LOOPBACK, server.port))
            thread.join()


def _listen(server: NameServer) -> None:
    while True:
        asked, asker = server.line.recvfrom(4096)
        if not asked:
            return
        server.take(asked, asker)
