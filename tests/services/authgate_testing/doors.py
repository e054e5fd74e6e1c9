"""Fixtures for tests that come in through the doors: the server under watch, and its callers.

Imported by the ``conftest.py`` of each folder that wants them.
"""

from collections.abc import AsyncIterator

import pytest

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.provisioning import NewClient
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.vocabulary import ApplicationType
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.device import GRANT, Device
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

__all__ = [
    "alice",
    "at_acme",
    "at_globex",
    "bob",
    "carol",
    "colleague",
    "confidential",
    "console",
    "device",
    "foreign_device",
    "ledger",
    "native",
    "password_hash",
    "person",
    "secretive_device",
    "server",
    "settings",
    "stranger",
    "wiretap",
]

PASSWORD = "correct-horse-battery-staple"
"""Of everybody here."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of the server under test, which writes a line for each request."""
    return settings.model_copy(update={"log_level": "info"})


@pytest.fixture
async def server(
    server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[RunningServer]:
    """The server, listened to: whatever a test is about, its answers are held to the rules."""
    wiretap = Wiretap(server.transport.app)
    server.transport.app = wiretap
    yield server
    assert wiretap.faults == []
    assert wiretap.leaks(capsys.readouterr().err) == [], "secrets in the log"


@pytest.fixture
def wiretap(server: RunningServer) -> Wiretap:
    """What has gone over the wire so far."""
    assert isinstance(server.transport.app, Wiretap)
    return server.transport.app


@pytest.fixture
def at_acme(server: RunningServer, acme: Tenant) -> Caller:
    """A program that calls acme."""
    return Caller(server.http, acme)


@pytest.fixture
def at_globex(server: RunningServer, globex: Tenant) -> Caller:
    """A program that calls globex."""
    return Caller(server.http, globex)


@pytest.fixture
def ledger(server: RunningServer) -> Ledger:
    """Reads the server's database."""
    return Ledger()


@pytest.fixture(scope="session")
async def password_hash(passwords: Passwords) -> str:
    """Hashed once for all."""
    return await passwords.hash(PASSWORD)


async def _move_in(tenant: Tenant, name: str, password_hash: str) -> User:
    with use_tenant(tenant):
        return await users.create(
            username=name,
            name=f"{name.title()} Liddell",
            email=f"{name}@{tenant.slug}.example",
            email_verified=True,
            password_hash=password_hash,
        )


@pytest.fixture
async def alice(server: RunningServer, acme: Tenant, password_hash: str) -> User:
    """A person of acme."""
    return await _move_in(acme, "alice", password_hash)


@pytest.fixture
async def carol(server: RunningServer, acme: Tenant, password_hash: str) -> User:
    """Another person of acme."""
    return await _move_in(acme, "carol", password_hash)


@pytest.fixture
async def bob(server: RunningServer, globex: Tenant, password_hash: str) -> User:
    """A person of globex."""
    return await _move_in(globex, "bob", password_hash)


async def _at_browser(server: RunningServer, tenant: Tenant, user: User) -> Person:
    person = Person(server.browser())
    page = await person.sign_in(tenant.issuer, user.username, PASSWORD)
    assert page.url.path.endswith("/account/sessions"), page.text
    return person


@pytest.fixture
async def person(server: RunningServer, acme: Tenant, alice: User) -> Person:
    """Alice, signed in."""
    return await _at_browser(server, acme, alice)


@pytest.fixture
async def colleague(server: RunningServer, acme: Tenant, carol: User) -> Person:
    """Carol, signed in."""
    return await _at_browser(server, acme, carol)


@pytest.fixture
async def stranger(server: RunningServer, globex: Tenant, bob: User) -> Person:
    """Bob, signed in at globex."""
    return await _at_browser(server, globex, bob)


@pytest.fixture
async def device(server: RunningServer, acme: Tenant, device_client: NewClient) -> Device:
    """A device of acme's public client."""
    return Device(server.http, acme, device_client)


@pytest.fixture
async def confidential(server: RunningServer, acme: Tenant) -> NewClient:
    """A client of acme that has a secret and may use every grant."""
    with use_tenant(acme):
        return await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme Console",
                grant_types=[GRANT, "client_credentials"],
                scopes=["openid", "profile", "email", "offline_access", "read", "write"],
            ),
        )


@pytest.fixture
async def console(server: RunningServer, acme: Tenant) -> Application:
    """A confidential application of acme's, on a server."""
    with use_tenant(acme):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme Console",
                client_id="console",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid", "profile", "email", "offline_access", "read", "write"],
                redirect_uris=["https://console.example/callback"],
            ),
        )
    return Application(server.http, acme, client, "https://console.example/callback")


@pytest.fixture
async def native(server: RunningServer, acme: Tenant) -> Application:
    """A public application of acme's, on people's own machines."""
    with use_tenant(acme):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme Desktop",
                client_id="desktop",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid", "profile", "email", "offline_access", "read"],
                redirect_uris=["http://127.0.0.1/callback", "com.example.acme:/callback"],
                application_type=ApplicationType.NATIVE,
                public=True,
            ),
        )
    return Application(server.http, acme, client, "http://127.0.0.1:53412/callback")


@pytest.fixture
async def secretive_device(server: RunningServer, acme: Tenant, confidential: NewClient) -> Device:
    """A device of acme's confidential client."""
    return Device(server.http, acme, confidential)


@pytest.fixture
async def foreign_device(server: RunningServer, globex: Tenant, device_client: NewClient) -> Device:
    """A device of globex, whose client has the very same id as acme's."""
    with use_tenant(globex):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Globex CLI",
                client_id=device_client.client.client_id,
                grant_types=[GRANT],
                scopes=["openid", "profile", "email", "read"],
                public=True,
            ),
        )
    return Device(server.http, globex, client)
