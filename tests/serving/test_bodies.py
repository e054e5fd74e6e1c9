"""Bodies in however many pieces, read or not: they hold nobody up and leave nothing behind."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.serving.conftest import Service

CHUNKED = (
    b" HTTP/1.1\r\nHost: auth.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)
CRUMB = b"1\r\na\r\n"
END = b"0\r\n\r\n"


def test_a_body_in_crumbs_that_nobody_reads_leaves_nothing_behind(service: "Service") -> None:
    service.ask()
    before = service.descriptors()
    for _ in range(5):
        said = service.say(b"POST /early" + CHUNKED + CRUMB * 500)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert said.endswith(b"\r\n\r\ntoo large")
    assert service.comes_to(lambda: service.descriptors() <= before)


def test_a_body_in_crumbs_is_read_whole(service: "Service") -> None:
    said = service.say(b"POST /echo" + CHUNKED + CRUMB * 10_000 + END)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"\r\n\r\n" + b"a" * 10_000)


def test_an_answer_does_not_wait_for_a_body_that_nobody_reads(service: "Service") -> None:
    """More of it has come than the server keeps for an application that does not read."""
    with service.connect() as connection:
        connection.sendall(b"POST /early" + CHUNKED + b"10000\r\n" + bytes(0x10000) + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_came_late_leaves_its_connection_as_good_as_any(
    services: "list[Service]",
) -> None:
    """The answer did not wait for it. The next request may come as late as it always may."""
    connections = [service.connect() for service in services[1:]]  # Hypercorn ends such a one
    for connection in connections:
        head = b"POST /early HTTP/1.1\r\nHost: auth.example\r\nContent-Length: 4\r\n\r\n"
        connection.sendall(head)
        said = b""
        while not said.endswith(b"\r\n\r\ntoo large"):
            said += connection.recv(65536)
        connection.sendall(b"body")
    time.sleep(5.5)
    for connection in connections:
        with connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: auth.example\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
