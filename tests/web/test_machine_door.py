"""The door for whole requests answers as ASGI does: same words, same headers, same walls."""

import asyncio
import tracemalloc
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
import pytest

from authgate.provisioning import NewClient
from authgate.web.edge import Edge
from authgate.web.exchange import Answered, RequestHead
from authgate_tenants import Tenant, TenantStatus
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change
from authgate_testing.wiretap import Wiretap

pytestmark = on_sqlite

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b"grant_type=client_credentials&client_id=nobody&client_secret=nothing"


@pytest.fixture
def edge(server: RunningServer) -> Edge:
    """The application itself."""
    return cast(Edge, cast(Wiretap, server.transport.app).app)


async def at_the_door(edge: Edge, request: httpx2.Request) -> Answered:
    path = request.url.path
    assert edge.takes(host=request.headers["host"], path=path)
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    head = RequestHead(request.method, path, request.url.query, headers, "127.0.0.1")
    return await edge.answer(head, request.content)


async def by_both(
    server: RunningServer, edge: Edge, method: str, url: str, **more: Any
) -> tuple[httpx2.Response, Answered]:
    """What both ways answer to one request."""
    request = server.http.build_request(method, url, **more)
    return await server.http.send(request), await at_the_door(edge, request)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/.well-known/openid-configuration", 200),
        ("GET", "/.well-known/jwks.json", 200),
        ("PUT", "/.well-known/jwks.json", 405),
        ("POST", "/oauth/token", 401),
        ("POST", "/oauth/token?client_id=nobody", 400),
        ("GET", "/oauth/token", 405),
        ("POST", "/oauth/device/code", 401),
        ("GET", "/oauth/tokeninfo", 401),
        ("GET", "/oauth/userinfo", 401),
    ],
)
async def test_both_ways_answer_alike(
    server: RunningServer, edge: Edge, acme: Tenant, method: str, path: str, status: int
) -> None:
    more: dict[str, Any] = {"content": BODY, "headers": FORM} if method == "POST" else {}
    asgi, door = await by_both(server, edge, method, f"{acme.issuer}{path}", **more)
    assert asgi.status_code == door.status == status
    assert asgi.content == door.body
    told = {name: value for name, value in asgi.headers.raw if name not in _OF_ITS_OWN}
    assert told == dict(door.headers)


_OF_ITS_OWN = frozenset({b"x-request-id", b"content-length"})


async def test_a_token_from_the_door_is_a_token(
    server: RunningServer, edge: Edge, acme: Tenant, machine: NewClient
) -> None:
    request = server.http.build_request(
        "POST",
        f"{acme.issuer}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": machine.client.client_id,
            "client_secret": machine.secret,
        },
    )
    answered = await at_the_door(edge, request)
    token = httpx2.Response(answered.status, content=answered.body).json()["access_token"]
    told = await server.http.get(
        f"{acme.issuer}/oauth/tokeninfo", headers={"Authorization": f"Bearer {token}"}
    )
    assert told.status_code == 200


async def test_another_tenant_s_client_is_unknown_at_the_door(
    server: RunningServer, edge: Edge, globex: Tenant, machine: NewClient
) -> None:
    data = {
        "grant_type": "client_credentials",
        "client_id": machine.client.client_id,
        "client_secret": machine.secret,
    }
    asgi, door = await by_both(server, edge, "POST", f"{globex.issuer}/oauth/token", data=data)
    assert asgi.status_code == door.status == 401
    assert asgi.content == door.body


async def test_a_tenant_that_is_not_served_is_not_served_at_the_door(
    server: RunningServer, edge: Edge, acme: Tenant
) -> None:
    await change(server, acme, status=TenantStatus.SUSPENDED)
    metadata = "/.well-known/openid-configuration"
    for tenant, status in ((acme.issuer, 403), (f"{acme.issuer}x", 404)):
        asgi, door = await by_both(server, edge, "GET", f"{tenant}{metadata}")
        assert asgi.status_code == door.status == status
        assert asgi.content == door.body


@pytest.mark.parametrize(
    ("url", "takes"),
    [
        ("http://localhost:8080/t/acme/oauth/token", True),
        ("http://LOCALHOST:8080/t/acme/oauth/token", True),
        ("http://localhost:8080/oauth/token", True),
        ("http://localhost:8080/t/acme//oauth/token", False),
        ("http://localhost:8080/t/acme/login", False),
        ("http://localhost:8080/t/acme", False),
        ("http://localhost:8080/livez", False),
        ("http://localhost:8080/.well-known/openid-configuration/t/acme", False),
        ("http://auth.acme.example/oauth/token", True),
        ("http://auth.acme.example/t/acme/oauth/token", False),
    ],
)
async def test_the_door_is_for_machine_endpoints_only(edge: Edge, url: str, *, takes: bool) -> None:
    parts = urlsplit(url)
    assert edge.takes(host=parts.netloc, path=parts.path) is takes


HOSTS = (
    "localhost:8080", "LOCALHOST:8080", "localhost", "localhost.:8080", "127.0.0.1:1", "[::1]:8080",
    "localhost:8080:8080", "localhost:", "", "evil.example", "auth.acme.example", "x" * 9000,
)  # fmt: skip
PATHS = (
    "/t/acme{}", "/t/ACME{}", "/t/acme{}/", "/t/acme/{}", "//t/acme{}", "/t/{}", "/t{}",
    "/t/acme;x{}", "/t/acme/../globex{}", "/t/acme/t/globex{}", "{}", "{}/t/acme", "{}/t/acme/",
    "/t/acme\x85{}", "/t/acme{}\x00",
)  # fmt: skip


@pytest.mark.parametrize("wanted", ["application/json", "text/html"])
async def test_both_ways_are_of_one_mind_whose_request_it_is(
    edge: Edge, acme: Tenant, globex: Tenant, wanted: str
) -> None:
    """Whatever host and path are made of, the door takes what it can answer, as ASGI would."""
    taken = 0
    for host in HOSTS:
        for path in (form.format("/oauth/token") for form in PATHS):
            fields = [(b"host", host.encode()), (b"accept", wanted.encode())]
            if edge.takes(host=host, path=path):
                taken += 1
                head = RequestHead("GET", path, b"", fields, "127.0.0.1")
                door = await edge.answer(head, b"")
                told = door.status, door.body.replace(door.request_id.encode(), b"")
                assert told == await by_asgi(edge, path, fields), (host, path)
    assert taken > len(HOSTS)


async def by_asgi(edge: Edge, path: str, fields: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": fields}
    await edge(scope, receive, send)
    request_id = dict(sent[0]["headers"])[b"x-request-id"]
    return sent[0]["status"], sent[1]["body"].replace(request_id, b"")


async def test_long_names_of_hosts_are_not_remembered(edge: Edge, acme: Tenant) -> None:
    fields = (b"accept", b"application/json")
    tracemalloc.start()
    for number in range(1000):
        host = b"%d." % number + b"a" * 8000
        head = RequestHead("GET", "/t/acme/oauth/token", b"", [(b"host", host), fields], "")
        assert not edge.takes(host=host.decode(), path=head.path)
        assert (await edge.answer(head, b"")).status == 421
        await asyncio.sleep(0)  # its line is written
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5_000_000  # the names alone would be 8,000,000
