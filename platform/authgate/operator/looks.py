"""What operators look at of a tenant from outside is in that tenant's log."""

from authgate import storage
from authgate.audit import Actor
from authgate.installation import Installation
from authgate.operator.crossing import across, as_operator
from authgate.provisioning import looks
from authgate_tenants import Tenant, use_tenant


async def note(parts: Installation, tenant: Tenant, area: str, *, by: Actor) -> None:
    """Have the tenant's log say that an operator looks at this: by their id, since it would keep
    their name when they are erased where they belong."""
    once_in = looks.OF_PROGRAMS if by.type == "client" else looks.ONCE_IN
    who, now = as_operator(by)._replace(name=""), parts.clock()
    async with storage.transaction(), across():
        with use_tenant(tenant):
            await looks.note(who, f"operator:{area}", now=now, once_in=once_in)
