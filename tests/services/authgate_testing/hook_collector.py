"""A process that takes out of a tenant's log what its webhooks want, and is killed before it has
noted how far it came: ``python -m … TENANT``."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from authgate import installation
from authgate.settings import Settings
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.sendings import Happened
from authgate.webhooks import collecting
from authgate_tenants import use_tenant

_SECONDS = 60.0
_added = sendings.add


async def _add(endpoint_id: UUID, events: Sequence[Happened], *, now: datetime) -> None:
    await _added(endpoint_id, events, now=now)
    sys.stdout.write("half\n")
    sys.stdout.flush()
    time.sleep(_SECONDS)  # noqa: ASYNC251  # it is killed meanwhile


async def _collect(slug: str) -> None:
    async with installation.opened(Settings()) as parts:
        tenant = await parts.resolver.find(slug)
        assert tenant is not None
        with use_tenant(tenant):
            await collecting.collect(parts)


if __name__ == "__main__":
    sendings.add = _add
    asyncio.run(_collect(sys.argv[1]))
