"""The ground on which servers are put under fire, and those that serve on it."""

from collections.abc import AsyncIterator

import pytest

from authgate_testing.faults.crew import What
from authgate_testing.faults.deployment import Deployment, deployed
from authgate_testing.faults.history import History
from authgate_testing.faults.site import Site, site


@pytest.fixture(scope="package", name="site")
async def _site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """PostgreSQL and Redis of these tests' own, and three tenants."""
    async with site(tmp_path_factory.mktemp("site")) as ground:
        yield ground


@pytest.fixture(scope="package")
async def deployment(site: Site) -> AsyncIterator[Deployment]:
    """Two hosts of two workers each, one of each kind of server: one leaves its jobs to workers of
    their own, and one does them beside its requests."""
    program = "authgate_testing.faults.hurried"
    crew: tuple[What, ...] = ("worker", "worker", "beat")
    async with deployed(site, "hypercorn", "uvicorn", program=program, crew=crew) as served:
        yield served


@pytest.fixture
def history() -> History:
    """What this test's clients ask and hear."""
    return History()
