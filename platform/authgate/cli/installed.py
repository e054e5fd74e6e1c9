"""The installation that commands work on: its settings, its open parts, one of its tenants."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from authgate import installation
from authgate.audit import Actor
from authgate.cli.failures import Misused, NotFound
from authgate.installation import Installation
from authgate.settings import Settings
from authgate.storage import fitness
from authgate.telemetry import logs
from authgate_tenants import Tenant, use_tenant

Done = TypeVar("Done")


@asynccontextmanager
async def opened(settings: Settings | None = None) -> AsyncIterator[Installation]:
    """The installation of this environment. Raises ``NotMigrated`` and ``WallMissing``."""
    quiet()
    async with installation.opened(settings or Settings()) as parts:
        await fitness.check(parts.settings.database)
        yield parts


@asynccontextmanager
async def inside(slug: str) -> AsyncIterator[tuple[Installation, Tenant]]:
    """The same, in the scope of one tenant. Raises ``NotFound``."""
    async with opened() as parts:
        with use_tenant(await tenant(parts, slug)) as found:
            yield parts, found


def do(slug: str, act: Callable[[Installation], Awaitable[Done]]) -> Done:
    """Do something in the scope of one tenant, and nothing beside it. Raises ``NotFound``."""

    async def done() -> Done:
        async with inside(slug) as (parts, _):
            return await act(parts)

    return asyncio.run(done())


async def tenant(parts: Installation, slug: str) -> Tenant:
    """The tenant with this slug. Raises ``NotFound``, and ``Misused`` for an issuer."""
    if "://" in slug:
        raise Misused("Only operators of the installation do this: name the tenant by its slug.")
    found = await parts.resolver.find(slug)
    if found is None:
        raise NotFound(f"There is no tenant {slug!r}: authgate tenant list shows them all.")
    return found


def quiet() -> None:
    """Log errors only: what else there is to say, a command says itself."""
    logs.configure(_Quiet())


@dataclass(frozen=True, slots=True)
class _Quiet:
    log_format: str = "console"
    log_level: str = "error"


def operator() -> Actor:
    """Who types, as the audit log is told."""
    try:
        return Actor("system", name=getpass.getuser())
    except (KeyError, OSError):  # nobody by name, as in a container
        return Actor("system")
