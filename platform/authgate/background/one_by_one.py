"""What a job does at one tenant after the other, for as long as one run goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from authgate.installation import Installation
from authgate_tenants import use_tenant

_RUN_SECONDS = 10.0
"""How long one run goes through tenants that are due; the next one goes on where it stopped."""


async def in_each(
    parts: Installation, tenants: Sequence[UUID], do: Callable[[], Awaitable[object]]
) -> None:
    """Do something for one tenant after the other, as far as the time of one run reaches."""
    end = time.monotonic() + _RUN_SECONDS
    faults: list[object] = []
    for tenant_id in tenants:
        if time.monotonic() > end:
            break
        began = time.monotonic()
        # A fault of one is not to keep the others waiting.
        faults += await asyncio.gather(inside(parts, tenant_id, do), return_exceptions=True)
        # As long again for whoever is served beside it.
        await asyncio.sleep(time.monotonic() - began)
    for fault in faults:
        if isinstance(fault, BaseException):
            raise fault


async def inside(parts: Installation, tenant_id: UUID, do: Callable[[], Awaitable[object]]) -> None:
    """Do something in the scope of a tenant, if it is there."""
    tenant = await parts.resolver.find_by_id(tenant_id)
    if tenant is not None:
        with use_tenant(tenant):
            await do()
