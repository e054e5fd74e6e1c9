"""From the operators' tenant to what is done for another one, and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from authgate import storage
from authgate.audit import Actor
from authgate_tenants.crossing import leave_tenant


@asynccontextmanager
async def away() -> AsyncIterator[None]:
    """Outside of the operators' tenant until the block ends.

    What their request has done so far is committed first: a transaction sees the rows of one
    tenant. Raises ``CrossTenant`` in any other tenant's scope.
    """
    async with storage.set_aside():
        with leave_tenant():
            yield


def as_operator(actor: Actor) -> Actor:
    """Whoever did it, as another tenant's audit log has them: nobody of its own people."""
    return Actor("operator", actor.id, actor.name)
