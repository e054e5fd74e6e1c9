"""What operators look at of a tenant from outside is in that tenant's log."""

from authgate import storage
from authgate.audit import Actor
from authgate.installation import Installation
from authgate.operator.crossing import across, as_operator
from authgate.provisioning import looks
from authgate_tenants import Tenant, use_tenant


async def note(parts: Installation, tenant: Tenant, area: str, *, by: Actor) -> None:
    """Have the tenant's log say that an operator looks at this."""
    async with storage.transaction(), across():
        with use_tenant(tenant):
            await looks.note(as_operator(by), f"operator:{area}", now=parts.clock())
