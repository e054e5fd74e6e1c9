"""What every test may ask for."""

import shutil
from collections.abc import AsyncIterator, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from authgate import provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.app import serving
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, EgressSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.migrate import migrate
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.databases import make_migrated, postgres_settings
from authgate_testing.limits import NEVER_REACHED
from authgate_testing.live import Host, LiveServer, host
from authgate_testing.server import BASE_URL, MovableClock, RunningServer

pytest_plugins = [
    "authgate.testing",
    "authgate_testing.memory",
    "authgate_testing.garbage",
    "authgate_testing.deadline",
    "authgate_testing.compiled_commands",
    "authgate_testing.compiled_routes",
    "authgate_testing.compiled_templates",
    "authgate_testing.finished_models",
    "authgate_testing.scheduling",
    "authgate_testing.shuffled",
    "authgate_testing.fixtures",
    "authgate_testing.installed_plugins",
    "authgate_testing.interrupts",
    "authgate_testing.known_migrations",
    "authgate_testing.nursery.plugin",
    "authgate_testing.quick_clients",
    "authgate_testing.quick_passwords",
    "authgate_testing.still_limits",
    "authgate_testing.unscheduled",
    "authgate_testing.unsealed_logs",
    "authgate_testing.attacks",
    "authgate_testing.faults.report",
    "authgate_testing.secrets_watch.plugin",
]

_TEMPLATE = "authgate_template"


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    await migrate(DatabaseSettings(url=SecretStr(f"sqlite://{path}")))
    return path


@pytest.fixture(scope="session")
def authgate_database(sqlite_template: Path) -> Path:
    """The same, for the contracts of plugins."""
    return sqlite_template


@pytest.fixture(scope="session")
async def postgres_template(postgres: PostgresServer) -> str:
    """A migrated, empty PostgreSQL database to clone, owned by a role that is no superuser."""
    await make_migrated(postgres, _TEMPLATE)
    return _TEMPLATE


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> DatabaseSettings:
    """An SQLite database of this test's own."""
    path = tmp_path / "authgate.db"
    shutil.copy(sqlite_template, path)
    return DatabaseSettings(url=SecretStr(f"sqlite://{path}"))


@pytest.fixture
def postgres_settings_of_own(
    postgres: PostgresServer, postgres_template: str
) -> Iterator[DatabaseSettings]:
    """A PostgreSQL database of this test's own."""
    name = f"authgate_{uuid4().hex}"
    postgres.create_database(name, template=postgres_template)
    yield postgres_settings(postgres, name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> DatabaseSettings:
    """A migrated, empty database of this test's own, once of each kind."""
    name = "sqlite_settings" if request.param == "sqlite" else "postgres_settings_of_own"
    settings: DatabaseSettings = request.getfixturevalue(name)
    return settings


@pytest.fixture
async def database(database_settings: DatabaseSettings) -> AsyncIterator[DatabaseSettings]:
    """The same, opened in this process."""
    async with storage.opened(database_settings):
        yield database_settings


@pytest.fixture
def settings(
    database_settings: DatabaseSettings, certificate: tuple[Path, Path], tmp_path: Path
) -> Settings:
    """The settings of the server under test, on each database."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        # One authority: to read the machine's own takes as long as all else that a start does.
        egress=EgressSettings(ca_file=certificate[0]),
        log_level="error",
    )


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    """The whole server, answering in this process."""
    clock = MovableClock()
    async with serving(settings, clock=clock) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield RunningServer(parts, transport, http, clock)


@pytest.fixture
async def acme(server: RunningServer) -> Tenant:
    """A tenant."""
    return await provisioning.add_tenant(server.parts, slug="acme", name="Acme")


@pytest.fixture
async def globex(server: RunningServer) -> Tenant:
    """Another tenant, which must never notice the first."""
    return await provisioning.add_tenant(server.parts, slug="globex", name="Globex")


@pytest.fixture
async def machine(server: RunningServer, acme: Tenant) -> NewClient:
    """A confidential client of acme that acts for itself."""
    with use_tenant(acme):
        return await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Nightly backup",
                grant_types=["client_credentials"],
                scopes=["read", "write"],
            ),
        )


DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only


@pytest.fixture
async def device_client(server: RunningServer, acme: Tenant) -> NewClient:
    """A public client of acme that runs on devices."""
    with use_tenant(acme):
        return await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme CLI",
                grant_types=[DEVICE_GRANT],
                scopes=["openid", "profile", "email", "read"],
                public=True,
                first_party=True,
            ),
        )


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """What hashes the passwords of people in tests."""
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
async def alice(server: RunningServer, acme: Tenant, passwords: Passwords) -> User:
    """A person of acme, whose password is ``correct-horse-battery-staple``."""
    with use_tenant(acme):
        return await provisioning.add_user(
            passwords,
            username="alice",
            password=PASSWORD,
            email="alice@acme.example",
            name="Alice Liddell",
        )


@pytest.fixture(scope="package")
def live_host(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """``authgate serve`` on a port of its own."""
    folder = tmp_path_factory.mktemp("live")
    path = shutil.copy(sqlite_template, folder / "authgate.db")
    with host(DatabaseSettings(url=SecretStr(f"sqlite://{path}")), folder, NEVER_REACHED) as live:
        yield live


@pytest.fixture
async def live_server(live_host: Host) -> LiveServer:
    """A tenant of the test's own there, with a client and a person."""
    return await live_host.tenant(f"northwind-{uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """What writes the reference pages, and the settings into the schema of the chart."""
    return _beside_the_pages("reference")


@pytest.fixture(scope="session")
def texts() -> ModuleType:
    """``docs/texts.py``, which keeps the catalogues."""
    return _beside_the_pages("texts")


@pytest.fixture(scope="session")
def pictures() -> ModuleType:
    """What takes the pictures of the documentation."""
    return _beside_the_pages("pictures")


def _beside_the_pages(name: str) -> ModuleType:
    spec = spec_from_file_location(name, Path(__file__).parents[1] / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
