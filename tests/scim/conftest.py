"""What the tests of this folder may ask for besides: who provisions."""

import pytest

from authgate.settings import Settings
from authgate_tenants import Tenant
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.scim import Directory, directory
from authgate_testing.server import RunningServer


@pytest.fixture  # type: ignore[no-redef]  # made of the one that is there
def settings(settings: Settings) -> Settings:
    """More calls at once than anybody makes."""
    limits = settings.limits.model_copy(update={"api_per_caller": "1000/s burst 10000"})
    return settings.model_copy(update={"limits": limits})


@pytest.fixture
async def contoso(server: RunningServer, acme: Tenant) -> Directory:
    """A directory that provisions acme."""
    return await directory(server, acme)


@pytest.fixture
async def fabrikam(server: RunningServer, globex: Tenant) -> Directory:
    """Another one, which provisions globex."""
    return await directory(server, globex)
