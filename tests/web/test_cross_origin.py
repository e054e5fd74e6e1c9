"""Pages of other origins: which of them may read what (Fetch, "CORS protocol")."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import httpx2
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnfitClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.vocabulary import ApplicationType, ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.hearing import hears
from authgate_testing.server import RunningServer

PAGE, EVIL = "https://app.example", "https://evil.test"
APPLICATIONS = ("/oauth/token", "/oauth/userinfo", "/oauth/revoke", "/oauth/par")
ANYBODY = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/jwks.json",
)
NOBODY = ("/oauth/introspect", "/oauth/device/code", "/oauth/authorize", "/oauth/logout", "/login")


async def single_page(
    server: RunningServer,
    tenant: Tenant,
    redirect_uris: Sequence[str] = (f"{PAGE}/callback",),
    application_type: ApplicationType = ApplicationType.WEB,
) -> NewClient:
    """A client that runs in a browser's page."""
    with use_tenant(tenant):
        draft = ClientDraft(
            name="Acme Page",
            grant_types=["authorization_code"],
            scopes=["openid"],
            redirect_uris=list(redirect_uris),
            application_type=application_type,
            public=True,
        )
        return await provisioning.add_client(server.parts, draft)


async def preflight(
    server: RunningServer, tenant: Tenant, path: str, origin: str
) -> httpx2.Response:
    """What a browser asks before it sends what a page wants."""
    return await server.http.options(
        f"{tenant.issuer}{path}",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,dpop",
        },
    )


def told(answer: httpx2.Response) -> dict[str, str]:
    """What an answer says to browsers about other origins."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-")}


async def reads(server: RunningServer, tenant: Tenant, origin: str) -> bool:
    """Whether a page of this origin may ask for tokens."""
    answer = await preflight(server, tenant, "/oauth/token", origin)
    assert answer.status_code == 204
    assert answer.headers["vary"] == "origin"
    return told(answer).get("access-control-allow-origin") == origin


async def test_a_page_of_a_client_may_ask_wherever_it_needs_to(
    server: RunningServer, acme: Tenant
) -> None:
    await single_page(server, acme)
    for path in APPLICATIONS:
        answer = await preflight(server, acme, path, PAGE)
        methods = "GET, POST" if path.endswith("userinfo") else "POST"
        assert (answer.status_code, answer.content, answer.headers["vary"]) == (204, b"", "origin")
        assert told(answer) == {
            "access-control-allow-origin": PAGE,
            "access-control-allow-methods": methods,
            "access-control-allow-headers": (
                "authorization, content-type, dpop, mcp-protocol-version"
            ),
            "access-control-max-age": "600",
        }
        answer = await server.http.post(f"{acme.issuer}{path}", headers={"Origin": PAGE})
        assert answer.status_code >= 400, "a page may read why it is refused"
        assert answer.headers["vary"] == "origin"
        assert told(answer) == {
            "access-control-allow-origin": PAGE,
            "access-control-expose-headers": "WWW-Authenticate, DPoP-Nonce, Retry-After,"
            " RateLimit, RateLimit-Policy",
        }


@on_sqlite
async def test_any_page_may_read_what_is_public(server: RunningServer, acme: Tenant) -> None:
    for path in ANYBODY:
        answer = await preflight(server, acme, path, EVIL)
        assert answer.status_code == 204
        assert told(answer)["access-control-allow-origin"] == "*"
        assert told(answer)["access-control-allow-methods"] == "GET, HEAD"
        answer = await server.http.get(f"{acme.issuer}{path}", headers={"Origin": EVIL})
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        assert "vary" not in answer.headers
    answer = await preflight(server, acme, "/oauth/register", EVIL)
    assert told(answer)["access-control-allow-origin"] == "*"
    assert "POST" in told(answer)["access-control-allow-methods"]


async def test_in_12_no_other_page_may_ask(server: RunningServer, acme: Tenant) -> None:
    await single_page(server, acme)
    for origin in (
        EVIL,
        "null",
        "http://app.example",
        f"{PAGE}.evil.test",
        f"{PAGE}:8443",
        f"{PAGE}/",
        PAGE.upper(),
        "https://app.example@evil.test",
        "*",
        "\xff",
    ):
        named = (b"origin", origin.encode("latin-1"))
        asked = [named, (b"access-control-request-method", b"POST")]
        for path in (*APPLICATIONS, *NOBODY):
            answer = await server.http.options(f"{acme.issuer}{path}", headers=asked)
            assert told(answer) == {}
            answer = await server.http.post(f"{acme.issuer}{path}", headers=[named])
            assert told(answer) == {}
    for path in NOBODY:
        assert told(await preflight(server, acme, path, PAGE)) == {}


@on_sqlite
async def test_ti_13_the_pages_of_one_tenant_are_strangers_to_another(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await single_page(server, acme)
    assert await reads(server, acme, PAGE)
    assert not await reads(server, globex, PAGE)


@on_sqlite
async def test_an_origin_counts_from_when_it_is_registered_until_it_is_not(
    server: RunningServer, acme: Tenant
) -> None:
    assert not await reads(server, acme, PAGE)
    client = (await single_page(server, acme)).client
    assert await reads(server, acme, PAGE)
    with use_tenant(acme):
        metadata = replace(client.metadata, allowed_origins=("https://other.example",))
        elsewhere = ClientChange(redirect_uris=["https://new.example:443/cb"], metadata=metadata)
        await provisioning.change_client(server.parts, client.client_id, elsewhere)
    assert not await reads(server, acme, PAGE)
    assert await reads(server, acme, "https://new.example"), "as a browser writes it"
    assert await reads(server, acme, "https://other.example")
    with use_tenant(acme):
        inactive = ClientStatus.INACTIVE
        await provisioning.set_client_status(server.parts, client.client_id, inactive)
    assert not await reads(server, acme, "https://new.example")


@on_sqlite
async def test_what_a_native_application_listens_on_is_no_page(
    server: RunningServer, acme: Tenant
) -> None:
    uris = ["http://127.0.0.1/callback", "com.example.app:/callback"]
    await single_page(server, acme, uris, ApplicationType.NATIVE)
    for origin in ("http://127.0.0.1", "http://127.0.0.1:53412", "com.example.app://"):
        assert not await reads(server, acme, origin)


async def test_clients_are_looked_through_once_for_all_pages_and_never_without_one(
    server: RunningServer, acme: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await single_page(server, acme)
    await hears(server)
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        for _ in range(3):
            await server.http.post(f"{acme.issuer}/oauth/token")
        assert [each for each in caplog.messages if 'FROM "clients"' in each] == []
        for origin in (PAGE, EVIL, PAGE):
            await reads(server, acme, origin)
    [looked_through] = [each for each in caplog.messages if 'FROM "clients"' in each]
    assert "redirect_uris" in looked_through
    assert "secret_hash" not in looked_through, "no more is read of each than that"


@on_sqlite
async def test_only_an_origin_is_registered_as_one(server: RunningServer, acme: Tenant) -> None:
    client = (await single_page(server, acme)).client
    for origin in (
        "https://app.example/",
        "https://app.example/path",
        "https://app.example:443",
        "https://app.example?x",
        "http://app.example",
        "https://*.example",
        "https://APP.example",
        "https://a@app.example",
        "com.example.app:",
        "null",
        "*",
        "",
    ):
        change = ClientChange(metadata=replace(client.metadata, allowed_origins=(origin,)))
        with use_tenant(acme), pytest.raises(UnfitClient):
            await provisioning.change_client(server.parts, client.client_id, change)
