"""The installation that commands work on: its settings, its open parts, one of its tenants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from authgate import installation
from authgate.cli.failures import NotFound
from authgate.installation import Installation
from authgate.settings import Settings
from authgate.storage import fitness
from authgate_tenants import Tenant, use_tenant


@asynccontextmanager
async def opened(settings: Settings | None = None) -> AsyncIterator[Installation]:
    """The installation of this environment. Raises ``NotMigrated`` and ``WallMissing``."""
    async with installation.opened(settings or Settings()) as parts:
        await fitness.check(parts.settings.database)
        yield parts


@asynccontextmanager
async def inside(slug: str) -> AsyncIterator[tuple[Installation, Tenant]]:
    """The same, in the scope of one tenant. Raises ``NotFound``."""
    async with opened() as parts:
        tenant = await parts.resolver.find(slug)
        if tenant is None:
            raise NotFound(f"There is no tenant {slug!r}: authgate tenant list shows them all.")
        with use_tenant(tenant):
            yield parts, tenant
