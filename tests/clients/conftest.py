"""Other people's clients, each in a process of its own, and the tenants that they sign in at."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from authgate import installation, provisioning
from authgate.accounts.passwords import Passwords
from authgate.installation import Installation
from authgate.settings import DatabaseSettings
from authgate_tenants import TenantSettings, use_tenant
from authgate_testing.environments import go_program, node_with, python_with
from authgate_testing.issuers import Issuer, MakeIssuer
from authgate_testing.limits import NEVER_REACHED
from authgate_testing.live import PASSWORD, Host, host
from authgate_testing.person import Person

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def sdk_python() -> Path:
    """A Python with AuthGate's SDK, whose package has the same name as ours and so lives apart."""
    return python_with(HERE / "sdk-requirements.txt", "sdk")


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """A Python with other people's clients."""
    return python_with(HERE / "requirements.txt", "clients")


@pytest.fixture(scope="session")
def clients_node(clients_python: Path) -> Path:
    """A Node.js with other people's clients."""
    return node_with(HERE / "npm/package-lock.json", clients_python)


@pytest.fixture(scope="session")
def go_client() -> Path:
    """A program with go-oidc and x/oauth2."""
    return go_program(HERE / "go", "go")


@pytest.fixture(scope="package")
def live_host(
    sqlite_template: Path, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """A server of this folder's own, which may read documents that this machine serves."""
    folder = tmp_path_factory.mktemp("live")
    path = shutil.copy(sqlite_template, folder / "authgate.db")
    egress = {
        "AUTHGATE_EGRESS__CA_FILE": str(certificate[0]),
        "AUTHGATE_EGRESS__ALLOWED_NETWORKS": '["127.0.0.0/8", "::1/128"]',
    }
    database = DatabaseSettings(url=SecretStr(f"sqlite://{path}"))
    with host(database, folder, NEVER_REACHED | egress) as live:
        yield live


@pytest.fixture
async def parts(live_host: Host) -> AsyncIterator[Installation]:
    """What the live server serves. A process has one installation open: other folders have theirs
    between two tests of this one, where the files come in another order."""
    async with installation.opened(live_host.settings) as opened:
        yield opened


@pytest.fixture
def make_issuer(parts: Installation, passwords: Passwords) -> MakeIssuer:
    """Makes a tenant that has chosen these settings."""

    async def made(settings: TenantSettings) -> Issuer:
        slug = f"northwind-{uuid4().hex[:8]}"
        tenant = await provisioning.add_tenant(
            parts, slug=slug, name="Northwind Robotics", settings=settings
        )
        with use_tenant(tenant):
            await provisioning.add_user(
                passwords,
                username="mira.halvorsen",
                password=PASSWORD,
                email="mira@northwind.example",
                name="Mira Halvorsen",
            )
        return Issuer(parts, tenant)

    return made


@pytest.fixture
async def issuer(make_issuer: MakeIssuer) -> Issuer:
    """A tenant that leaves everything as it is."""
    return await make_issuer(TenantSettings())


@pytest.fixture
async def mira() -> AsyncIterator[Person]:
    """Somebody at a browser, signed in nowhere yet."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        yield Person(http)
