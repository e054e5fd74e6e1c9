"""What a job does at one tenant after the other, some of them at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from authgate.installation import Installation
from authgate_tenants import use_tenant

_AT_ONCE = 8
_RUN_SECONDS = 10.0
"""How long a round begins at one tenant after the other; the next one goes on with the rest."""


async def at_each(
    parts: Installation, tenant_ids: Sequence[UUID], act: Callable[[], Awaitable[None]]
) -> None:
    """Do something in the scope of each of these tenants that is served. Raises what it raised,
    once all are gone through."""
    places, end = asyncio.Semaphore(_AT_ONCE), time.monotonic() + _RUN_SECONDS

    async def at(tenant_id: UUID) -> None:
        async with places:
            if time.monotonic() > end:
                return
            tenant = await parts.resolver.find_by_id(tenant_id)
            if tenant is not None and tenant.is_served:
                with use_tenant(tenant):
                    await act()

    # All of them: a fault of one is not to take the connections away from the others.
    ended = await asyncio.gather(*(at(each) for each in tenant_ids), return_exceptions=True)
    for fault in ended:
        if fault is not None:
            raise fault
