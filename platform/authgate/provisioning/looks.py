"""That somebody from outside has looked at what a tenant has is in the tenant's log: operators from
their console or as guests, and whoever is at the machine."""

from datetime import datetime, timedelta
from typing import Final

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.storage.audit import search
from authgate_tenants import current_tenant
from authgate_tenants.scope import TenantStatus

ONCE_IN: Final = timedelta(minutes=15)
"""Who looks again at the same area within so long is not written down again."""


OF_PROGRAMS: Final = timedelta(days=1)
"""The same of a program, which looks again and again."""


async def note(actor: Actor, area: str, *, now: datetime, once_in: timedelta = ONCE_IN) -> None:
    """Write down, once in so long, that somebody looks at this of the current tenant.

    A tenant whose rows are being removed has no log any more.
    """
    if current_tenant().status is TenantStatus.ERASING:
        return
    async with storage.transaction():
        recent = await search.by_actor(
            Event.TENANT_DATA_VIEWED, actor.type, actor.id, name=actor.name, since=now - once_in
        )
        if any(each.details.get("area") == area for each in recent):
            return
        await audit.record(Event.TENANT_DATA_VIEWED, actor=actor, details={"area": area})
