"""How many connections there may be, and for how long one is kept that does nothing."""

import resource
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serving.conftest import Serve, Service

ASK = b"GET / HTTP/1.1\r\nHost: auth.example\r\n\r\n"
ASK_FOR_MUCH = b"GET /large HTTP/1.1\r\nHost: auth.example\r\n\r\n"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
KINDS = pytest.mark.parametrize("kind", ["hypercorn", "uvicorn"])
CROWD = 5000


def connect(service: "Service", *, source: str = HERE) -> socket.socket:
    return socket.create_connection((HERE, service.port), timeout=5, source_address=(source, 0))


def is_answered(connection: socket.socket) -> bool:
    said = b""
    with suppress(ConnectionError):
        connection.sendall(ASK)
        while not said.partition(b"\r\n\r\n")[2]:
            more = connection.recv(65536)
            if not more:
                return False
            said += more
    return said.startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Room for the connections of a crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * CROWD), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@KINDS
def test_ht_22_an_address_gets_no_more_connections_than_its_share(
    serve: "Serve", kind: str
) -> None:
    service = serve(kind, connections_per_address=3)
    with ExitStack() as stack:
        held = [stack.enter_context(connect(service)) for _ in range(3)]
        assert [is_answered(each) for each in held] == [True] * 3
        with connect(service) as one_more, connect(service, source=ELSEWHERE) as other:
            assert not is_answered(one_more)
            assert is_answered(other)
        held[0].close()
        assert service.comes_to(lambda: _is_served(service)), "there is room again"


def _is_served(service: "Service") -> bool:
    with connect(service) as connection:
        return is_answered(connection)


@KINDS
def test_a_trusted_proxy_may_have_more(serve: "Serve", kind: str) -> None:
    service = serve(kind, connections_per_address=2, trusted_proxies=["127.0.0.0/30"])
    with ExitStack() as stack:
        held = [stack.enter_context(connect(service)) for _ in range(10)]
        assert [is_answered(each) for each in held] == [True] * 10


@KINDS
def test_ht_22_idle_connections_make_room_when_there_is_none(serve: "Serve", kind: str) -> None:
    service = serve(kind, connections=8)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(service)) for _ in range(4)]
        kept = [stack.enter_context(connect(service)) for _ in range(4)]
        assert [is_answered(each) for each in kept] == [True] * 4
        with connect(service) as another:
            assert is_answered(another)
        assert [each.recv(1) for each in (*silent, *kept)] == [b""] * 8
    service.said("as many connections as are taken are open")


@KINDS
@pytest.mark.usefixtures("many_descriptors")
def test_ht_22_a_crowd_that_says_nothing_is_in_nobody_s_way(serve: "Serve", kind: str) -> None:
    service = serve(kind)
    service.ask()
    descriptors, memory = service.descriptors(), service.resident_bytes()
    with ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(connect(service))
        with connect(service, source=ELSEWHERE) as other:
            assert is_answered(other)
        assert service.descriptors() - descriptors <= 1025
        assert service.resident_bytes() - memory < 64 * 1024 * 1024
        service.said("an address has as many connections as one may have")
    assert service.comes_to(lambda: service.descriptors() <= descriptors)


def ask_for_much(service: "Service", *, trust: ssl.SSLContext | None) -> socket.socket:
    """Ask twice for eight megabytes, with little room for them.

    Over TLS the first may leave the application as one piece, and wait below it.
    """
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(5)
    connection.connect((HERE, service.port))
    if trust is not None:
        connection = trust.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(ASK_FOR_MUCH * 2)
    return connection


@KINDS
@pytest.mark.parametrize(
    ("secure", "kernel_is_patient"),
    [(False, False), (False, True), (True, True)],
    ids=["cut by the kernel", "cut by us", "cut by us over TLS"],
)
def test_ht_14_who_takes_nothing_or_little_of_an_answer_is_let_go(
    serve: "Serve",
    with_tls: dict[str, str],
    certificate: tuple[Path, Path],
    kind: str,
    secure: bool,
    kernel_is_patient: bool,
) -> None:
    options: dict[str, object] = {"stalled_seconds": 1.0, **(with_tls if secure else {})}
    service = serve(kind, kernel_is_patient=kernel_is_patient, **options)
    service.said("ready: 1 worker")
    before = service.descriptors()
    trust = ssl.create_default_context(cafile=certificate[0]) if secure else None
    with ExitStack() as stack:
        readers = [stack.enter_context(ask_for_much(service, trust=trust)) for _ in range(4)]

        def are_let_go() -> bool:
            for reader in readers[:2]:
                with suppress(OSError):
                    reader.recv(600)
            time.sleep(0.2)
            return service.descriptors() <= before + 1  # one of them is the event loop's

        assert service.comes_to(are_let_go)
        service.signal(signal.SIGTERM)
        assert service.exit_status() == 0
    assert "connections still open" not in service.log
