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

    port: int
    texts: dict[str, list[str]] = field(default_factory=dict)
    """By name, without the dot at the end."""
    refuses: bool = False

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
        server = NameServer(line.getsockname()[1])
        thread = threading.Thread(target=_answer, args=(line, server))
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", (LOOPBACK, server.port))
            thread.join()


def _answer(line: socket.socket, server: NameServer) -> None:
    while True:
        asked, asker = line.recvfrom(4096)
        if not asked:
            return
        line.sendto(server.answer(asked), asker)
