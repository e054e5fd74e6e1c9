"""TLS ended by the server itself, with HTTP/2 under Hypercorn (RFC 9113)."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

if TYPE_CHECKING:
    from tests.serving.conftest import Serve, Service

BOTH = pytest.mark.parametrize(
    ("kind", "spoken"), [("hypercorn", "HTTP/2"), ("uvicorn", "HTTP/1.1")]
)


@pytest.fixture(scope="module")
def secure_services(lasting: "Serve", certificate: tuple[Path, Path]) -> dict[str, "Service"]:
    return {kind: lasting(kind, **files(certificate)) for kind in ("hypercorn", "uvicorn")}


@pytest.fixture
def secure(secure_services: dict[str, "Service"], kind: str) -> "Service":
    return secure_services[kind]


@pytest.fixture
async def client(
    secure: "Service", certificate: tuple[Path, Path]
) -> AsyncIterator[httpx2.AsyncClient]:
    async with trusting(certificate, secure) as client:
        yield client


def files(certificate: tuple[Path, Path]) -> dict[str, str]:
    certfile, keyfile = certificate
    return {"certfile": str(certfile), "keyfile": str(keyfile)}


def trusting(certificate: tuple[Path, Path], service: "Service") -> httpx2.AsyncClient:
    """A client that prefers HTTP/2 and trusts the certificate."""
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    origin = f"https://127.0.0.1:{service.port}"
    return httpx2.AsyncClient(http2=True, verify=trust, base_url=origin, timeout=10)


@BOTH
async def test_the_server_speaks_the_best_protocol_it_has(
    client: httpx2.AsyncClient, spoken: str
) -> None:
    answer = await client.post("/echo", content=b"hello")
    assert (answer.status_code, answer.http_version) == (200, spoken)
    assert answer.content == b"hello"
    assert "server" not in answer.headers


@BOTH
async def test_neither_a_rolling_restart_nor_the_end_loses_a_request_over_tls(
    serve: "Serve", certificate: tuple[Path, Path], kind: str, spoken: str
) -> None:
    service = serve(kind, **files(certificate))
    async with trusting(certificate, service) as client:
        before = (await client.get("/")).text
        service.signal(signal.SIGHUP)
        while (answer := await client.get("/")).text == before:
            assert answer.status_code == 200
        slow = asyncio.create_task(client.get("/slow"))
        await asyncio.to_thread(service.in_flight)
        service.signal(signal.SIGTERM)
        assert (await slow).status_code == 200
    assert await asyncio.to_thread(service.exit_status) == 0


@pytest.mark.parametrize("kind", ["hypercorn"])
async def test_ht_06_heads_over_their_limits_are_refused_over_http_2(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("/" + "a" * 9000)).status_code == 414
    many = {f"x-{number}": "a" for number in range(100)}
    assert (await client.get("/", headers=many)).status_code == 431
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get("/", headers={"x": "a" * 20_000})
    assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize("kind", ["hypercorn"])
async def test_an_early_answer_over_http_2_leaves_the_connection_whole(
    client: httpx2.AsyncClient, secure: "Service"
) -> None:
    answers = await asyncio.gather(
        client.post("/early", content=bytes(200_000)),
        client.post("/echo", content=bytes(200_000)),
    )
    assert [answer.status_code for answer in answers] == [413, 200]
    assert "connection failed" not in secure.log


@BOTH
async def test_a_client_without_tls_is_turned_away(
    client: httpx2.AsyncClient, secure: "Service", spoken: str
) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" not in connection.recv(65536)
    assert (await client.get("/")).status_code == 200
    assert "Traceback" not in secure.log
