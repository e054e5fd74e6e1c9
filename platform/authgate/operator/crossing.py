"""From the operators' tenant to what is done for another one, and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from authgate import storage
from authgate.audit import Actor
from authgate_tenants.crossing import leave_tenant


@asynccontextmanager
async def away() -> AsyncIterator[None]:
    """Outside of the operators' tenant until the block ends, to read there or to take one's time.

    What their request has done so far is committed first, and no connection is held. Raises
    ``CrossTenant`` in any other tenant's scope.
    """
    async with storage.set_aside():
        with leave_tenant():
            yield


@asynccontextmanager
async def across() -> AsyncIterator[None]:
    """The same to change something, together with all else that their request does: both or
    neither, and what failed can be asked for again. An error undoes the block.

    Each statement is inside of the tenant in scope, or inside of none, as it is everywhere.
    """
    async with storage.savepoint():
        with leave_tenant():
            storage.follow_scope()
            yield


def as_operator(actor: Actor) -> Actor:
    """Whoever did it, as another tenant's audit log has them: nobody of its own people."""
    return Actor("operator", actor.id, actor.name)
