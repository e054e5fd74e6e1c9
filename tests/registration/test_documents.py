"""Applications that are known by the address of a document (Client ID Metadata Documents)."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.settings import Settings
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, is_asked, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.server import RunningServer

Choose = Callable[..., Awaitable[None]]
REDIRECT = "http://127.0.0.1:3118/callback"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The server may ask this machine, where the pretend host is."""
    egress = settings.egress.model_copy(update={"allowed_networks": ("127.0.0.0/8", "::1/128")})
    return settings.model_copy(update={"egress": egress})


class Vendor:
    """Who publishes an application, and what is said at its address."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.url = f"https://{host.name}/apps/{'long-' * 20}editor.json"
        self.says()

    def says(self, *, headers: dict[str, str] | None = None, **said: Any) -> None:
        """Publish this; what is ``None`` is left out."""
        document = {
            "client_id": self.url,
            "client_name": "Editor",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token", "urn:other:grant"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "openid profile mcp:tools",
        } | said
        body = orjson.dumps({name: value for name, value in document.items() if value is not None})
        self.host.says(body=body, headers=headers or {})


@pytest.fixture
async def vendor(host: Host, choose: Choose) -> Vendor:
    """A vendor, whose application acme's people may use."""
    await choose(client_id_metadata_documents=True)
    return Vendor(host)


@pytest.fixture
def editor(server: RunningServer, acme: Tenant, vendor: Vendor) -> Application:
    """The application."""
    return at(server, acme, vendor.url)


def at(server: RunningServer, tenant: Tenant, client_id: str) -> Application:
    """An application of this name, which nobody has registered."""
    itself = cast(Client, SimpleNamespace(client_id=client_id))
    return Application(server.http, tenant, NewClient(itself, None), REDIRECT, scope="openid")


async def stored(tenant: Tenant, client_id: str) -> Client | None:
    """What the database holds of a client."""
    with use_tenant(tenant):
        return await clients.find(client_id)


async def test_an_application_that_nobody_has_registered_lets_people_sign_in(
    editor: Application, person: Person, vendor: Vendor, acme: Tenant
) -> None:
    page = await sent_on(person, editor.ask().url)
    assert is_asked(page)
    assert "Only localhost vouches for this name" in page.text
    tokens = await editor.signed_in(person)
    assert len(vendor.host.asked) == 1
    assert vendor.host.asked[0].headers.get("cookie") is None
    client = await stored(acme, vendor.url)
    assert client is not None
    assert client.grant_types == {"authorization_code", "refresh_token"}
    assert client.scopes == ("openid", "profile")
    assert client.is_public
    assert not client.first_party
    assert tokens["id_token"]


@on_sqlite
async def test_a_program_whose_document_names_no_port_of_localhost_chooses_one(
    editor: Application, person: Person, vendor: Vendor
) -> None:
    vendor.says(redirect_uris=["http://localhost/callback", "http://127.0.0.1/callback"])
    editor.redirect_uri = "http://localhost:53412/callback"
    assert (await editor.signed_in(person))["id_token"]


@on_sqlite
async def test_it_is_off_until_a_tenant_says_so(
    server: RunningServer, editor: Application, person: Person, vendor: Vendor, choose: Choose
) -> None:
    async def supported() -> bool:
        url = f"{editor.tenant.issuer}/.well-known/oauth-authorization-server"
        known = await server.http.get(url)
        return known.json()["client_id_metadata_document_supported"] is True

    assert await supported()
    await editor.signed_in(person)
    await choose(client_id_metadata_documents=False)
    assert not await supported()
    assert (await sent_on(person, editor.ask().url)).status_code == 400
    refused = await editor.token(grant_type="refresh_token", refresh_token="r")
    assert refused.json()["error"] == "invalid_client"


@on_sqlite
async def test_a_document_counts_for_as_long_as_its_host_says_within_bounds(
    server: RunningServer, editor: Application, person: Person, vendor: Vendor, acme: Tenant
) -> None:
    for said, fresh in (("max-age=0", 59), ("max-age=999999999", 86_399), ("max-age=300", 299)):
        vendor.says(headers={"cache-control": said}, client_name=said)
        asked = len(vendor.host.asked)
        for _ in range(3):
            await sent_on(person, editor.ask().url)
        server.clock.advance(fresh)
        await sent_on(person, editor.ask().url)
        assert len(vendor.host.asked) == asked + 1, said
        client = await stored(acme, vendor.url)
        assert client is not None
        assert client.name == said
        server.clock.advance(2)


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        {"client_id": "https://another.example/client.json"},
        {"client_id": None},
        {"client_secret": "s" * 40},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": ["http://evil.example/"]},
        {"redirect_uris": None},
        {"grant_types": ["implicit"]},
        {"client_name": "Edi\u202etor"},
        {"logo_uri": "https://a/" + "a" * 20_000},
    ],
    ids="-".join,
)
async def test_a_document_that_describes_no_client_is_a_page(
    editor: Application, person: Person, vendor: Vendor, acme: Tenant, said: dict[str, Any]
) -> None:
    vendor.says(**said)
    page = await sent_on(person, editor.ask().url)
    assert page.status_code == 400
    assert "cannot be used" in page.text
    assert await stored(acme, vendor.url) is None


@on_sqlite
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=302, headers={"location": "https://localhost/"}),
        Answer(body=b"<html>", headers={"content-type": "text/html"}),
        Answer(body=b"{", headers={"content-type": "application/json"}),
        Answer(body=b"[]"),
        Answer(body=b" " * 4096, never_ends=True),
    ],
    ids=["404", "redirect", "HTML", "half", "a list", "endless"],
)
async def test_ss_04_what_is_no_document_is_asked_for_once_a_minute(
    server: RunningServer, editor: Application, person: Person, vendor: Vendor, answer: Answer
) -> None:
    vendor.host.site = lambda asked: answer
    for _ in range(3):
        assert (await sent_on(person, editor.ask().url)).status_code == 400
    assert len(vendor.host.asked) == 1
    server.clock.advance(61)
    vendor.says()
    assert is_asked(await sent_on(person, editor.ask().url))


@on_sqlite
@pytest.mark.parametrize(
    "url",
    [
        "https://{host}",
        "https://{host}/",
        "https://{host}/a/../editor.json",
        "https://{host}/./editor.json",
        "https://mira@{host}/editor.json",
        "https://{host}/editor.json#x",
        "http://{host}/editor.json",
        "https://{host}/" + "a" * 255,
    ],
)
async def test_what_is_no_address_of_a_document_is_not_asked(
    editor: Application, person: Person, vendor: Vendor, url: str
) -> None:
    named = url.format(host=vendor.host.name)
    assert (await sent_on(person, editor.ask(client_id=named).url)).status_code == 400
    assert vendor.host.asked == []


@on_sqlite
async def test_ss_01_no_address_inside_is_asked(
    server: RunningServer, at_acme: Caller, person: Person, choose: Choose, acme: Tenant
) -> None:
    await choose(client_id_metadata_documents=True)
    program = at(server, acme, "https://169.254.169.254/latest/editor.json")
    assert (await sent_on(person, program.ask().url)).status_code == 400


@on_sqlite
async def test_whom_an_administrator_has_ended_no_document_brings_back(
    server: RunningServer, editor: Application, person: Person, vendor: Vendor, acme: Tenant
) -> None:
    await editor.signed_in(person)
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, vendor.url, ClientStatus.INACTIVE)
    server.clock.advance(700)
    vendor.says(client_name="Editor 2")
    assert (await sent_on(person, editor.ask().url)).status_code == 400
    client = await stored(acme, vendor.url)
    assert client is not None
    assert client.status is ClientStatus.INACTIVE


@on_sqlite
async def test_another_tenant_decides_for_itself(
    server: RunningServer, editor: Application, person: Person, vendor: Vendor, globex: Tenant
) -> None:
    await editor.signed_in(person)
    elsewhere = at(server, globex, vendor.url)
    assert (await sent_on(person, elsewhere.ask().url)).status_code == 400
    assert await stored(globex, vendor.url) is None
