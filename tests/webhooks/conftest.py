"""A server whose tenants may have receivers on this machine; rounds are done by the tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from authgate.jobs import Job, port
from authgate.pretend.host import Host, opened
from authgate.settings import EgressSettings, Settings
from authgate_tenants import Tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client
from authgate_testing.doors import alice, password_hash, person  # noqa: F401 - fixtures
from authgate_testing.hooks import Hook
from authgate_testing.server import RunningServer


@pytest.fixture
def settings(
    settings: Settings,
    certificate: tuple[Path, Path],
    request: pytest.FixtureRequest,
    nothing_scheduled: None,
) -> Settings:
    """Tenants may have events sent to this machine."""
    allowed: tuple[str, ...] = getattr(request, "param", ("127.0.0.0/8",))
    egress = EgressSettings(ca_file=certificate[0], allowed_networks=allowed)
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
async def host(certificate: tuple[Path, Path]) -> AsyncIterator[Host]:
    """A receiver, which takes everything."""
    async with opened(certificate) as running:
        yield running


class Idle:
    """A queue that does nothing of what it is given: the tests do it themselves."""

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        pass


@pytest.fixture(autouse=True)
def idle(server: RunningServer) -> Iterator[None]:
    """Nothing is sent beside what a test does."""
    with port.served_by(Idle()):
        yield


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may do everything at acme."""
    return await api_client(server, acme, *EVERYTHING)


@pytest.fixture
async def foreign_api(server: RunningServer, globex: Tenant) -> ApiClient:
    """A program that may do everything at globex."""
    return await api_client(server, globex, *EVERYTHING)


@pytest.fixture
async def hook(server: RunningServer, acme: Tenant, api: ApiClient, host: Host) -> Hook:
    """A webhook of acme that is told of people."""
    return await Hook.made(server, acme, api, host, lifecycles=["user.created", "user.deleted"])
