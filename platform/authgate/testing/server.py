"""AuthGate itself, in the process of the tests: two tenants, a browser, and providers on this
machine that it reaches over https."""

import logging
import shutil
from asyncio import Runner
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import jwt
from pydantic import SecretStr

from authgate import plugin_manager, provisioning
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.accounts.passwords import Passwords
from authgate.app import serving
from authgate.cli.sign_in.headless_browser import Browser, PageRefused
from authgate.clock import utc_now
from authgate.feeds import telling
from authgate.installation import Installation
from authgate.plugin_api import AuditEvent
from authgate.plugin_manager import ConnectorTypes
from authgate.pretend import host
from authgate.pretend.certificate import certificate_in
from authgate.pretend.host import Host
from authgate.pretend.listener import Talk, listening
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate.settings import DatabaseSettings, EgressSettings, KeySettings, Settings
from authgate.storage.audit import audit_events, audit_feeds
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.migrate import migrate
from authgate.storage.people import users
from authgate.testing.own_loop import done, own_loop
from authgate_tenants import Tenant, TenantSettings, use_tenant

T = TypeVar("T")

_BASE_URL = "http://localhost:8080"
_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Machine:
    """A client that acts for itself, at one tenant."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who belongs to one tenant."""

    id: UUID
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class RealServer:
    """A server that runs in ``run``. Whatever is asked of it is answered as anywhere else."""

    parts: Installation
    folder: Path
    """Where its database is."""
    _runner: Runner
    _app: Any
    _stack: AsyncExitStack
    _certificate: tuple[Path, Path]
    _numbers: Iterator[int] = field(default_factory=count)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work comes to, on the server's loop."""
        return self._runner.run(work)

    def browser(self) -> httpx2.AsyncClient:
        """Somebody's browser, which remembers cookies and follows nothing by itself."""
        transport = httpx2.ASGITransport(self._app)
        return httpx2.AsyncClient(transport=transport, base_url=_BASE_URL)

    async def tenant(self, name: str, *plugins: str) -> Tenant:
        """A new tenant with these plugins, which takes whoever is sent by a provider."""
        return await provisioning.add_tenant(
            self.parts,
            slug=f"{name}-{next(self._numbers)}",
            name=name.title(),
            settings=TenantSettings(enabled_plugins=plugins, auto_register=True),
        )

    async def host(self) -> Host:
        """A new https server on this machine, which the server may reach."""
        return await self._stack.enter_async_context(host.opened(self._certificate))

    async def listener(self, talk: Talk) -> str:
        """A new server on this machine that speaks another protocol in TLS: its name and port."""
        return await self._stack.enter_async_context(listening(self._certificate, talk))

    async def connect(
        self, tenant: Tenant, slug: str, *, connector: str, config: Mapping[str, object]
    ) -> None:
        """Set up a way to sign in."""
        setup = ConnectionSetup(
            connectors=ConnectorTypes(plugin_manager.load()), encryption=self.parts.encryption
        )
        with use_tenant(tenant):
            await setup.add(slug=slug, connector=connector, config=config)

    async def machine(self, tenant: Tenant, *, scopes: tuple[str, ...] = ("read",)) -> Machine:
        """A new client of the tenant that acts for itself."""
        draft = ClientDraft(name="Machine", grant_types=["client_credentials"], scopes=scopes)
        with use_tenant(tenant):
            made = await provisioning.add_client(self.parts, draft)
        return Machine(made.client.client_id, made.secret or "")

    async def claims(self, tenant: Tenant, machine: Machine) -> dict[str, Any]:
        """What a token of the client says."""
        async with self.browser() as http:
            answer = await http.post(
                f"{tenant.issuer}/oauth/token",
                data={"grant_type": "client_credentials", "scope": "read"},
                auth=(machine.client_id, machine.secret),
            )
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return said

    async def set_up(self, tenant: Tenant, plugin: str, settings: Mapping[str, object]) -> None:
        """Set something for a plugin that the tenant has enabled."""
        with use_tenant(tenant):
            await set_plugin(self.parts, plugin, PluginChange(config=settings))

    async def person(self, tenant: Tenant) -> Person:
        """Somebody new at the tenant, who signs in with a password."""
        name, password = f"person-{next(self._numbers)}", token_urlsafe(16)
        passwords = Passwords(threads=1)
        try:
            with use_tenant(tenant):
                made = await provisioning.add_user(
                    passwords, username=name, password=password, email=f"{name}@people.example"
                )
        finally:
            passwords.close()
        return Person(made.id, name, password)

    async def signs_in(self, tenant: Tenant, person: Person) -> bool:
        """Whether the person is signed in after they have proven who they are by password."""
        async with self.browser() as http:
            browser = Browser(http)
            await browser.open(f"{tenant.issuer}/login")
            with suppress(PageRefused):
                await browser.send(username=person.username, password=person.password)
            page = await http.get(f"{tenant.issuer}/account/sessions")
        return page.status_code == 200

    async def feed(self, tenant: Tenant) -> Sequence[AuditEvent]:
        """Tell the tenant's plugins what has happened, as the server does after some seconds; all
        that has."""
        # So much later that the server's own job has nothing in hand any more.
        later = replace(self.parts, clock=lambda: utc_now() + 2 * audit_feeds.LEASE)
        with use_tenant(tenant):
            await telling.feed_plugins(later)
            stored = await audit_events.latest(limit=200)
        return [telling.as_told(tenant, each) for each in stored]

    async def count_people(self, tenant: Tenant) -> int:
        """How many people the tenant has."""
        with use_tenant(tenant):
            return len(await users.all_users())

    async def audit_log(self, tenant: Tenant) -> list[str]:
        """All that was written down of the tenant, a text for each event."""
        with use_tenant(tenant):
            return [str(vars(each)) for each in await audit_events.latest(limit=200)]


def make_database(path: Path) -> None:
    """A migrated, empty database."""
    done(migrate(DatabaseSettings(url=SecretStr(f"sqlite://{path}"))))


@contextmanager
def running(database: Path, folder: Path) -> Iterator[RealServer]:
    """A server on a copy of the database, in this folder, for as long as the block lasts."""
    settings = _settings(Path(shutil.copy(database, folder / "authgate.db")), folder)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with own_loop() as runner:
        stack = AsyncExitStack()
        server = runner.run(_opened(settings, folder, runner, stack))
        try:
            yield server
        finally:
            runner.run(stack.aclose())
            root.handlers[:] = before
            root.setLevel(level)


def _settings(database: Path, folder: Path) -> Settings:
    chain, _ = certificate_in(folder)
    return Settings(
        profile="dev",
        base_url=_BASE_URL,
        database=DatabaseSettings(url=SecretStr(f"sqlite://{database}")),
        keys=KeySettings(kek_file=folder / "kek"),
        egress=EgressSettings(allowed_networks=_LOOPBACK, ca_file=chain),
        redis_url=None,
        log_level="warning",
    )


async def _opened(
    settings: Settings, folder: Path, runner: Runner, stack: AsyncExitStack
) -> RealServer:
    app, parts = await stack.enter_async_context(serving(settings, clock=utc_now))
    return RealServer(
        parts=parts,
        folder=folder,
        _runner=runner,
        _app=app,
        _stack=stack,
        _certificate=(folder / "cert.pem", folder / "key.pem"),
    )
