"""What a sealer has seen of the logs that it seals: one that is shorter than before, or another one
up to there, was changed by somebody who owns the database.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Final
from uuid import UUID

from authgate.storage.audit import audit_seals
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.tenants import deleted
from authgate_tenants import current_tenant

_MOST: Final = 10_000
"""Tenants that are remembered, those of which something was sealed last."""


class Seen:
    """The newest seal of each tenant that this process has made."""

    def __init__(self) -> None:
        self._seals: OrderedDict[UUID, Seal] = OrderedDict()

    def note(self, seal: Seal) -> None:
        """Remember the current tenant's, once it is stored."""
        tenant_id = current_tenant().id
        self._seals[tenant_id] = replace(seal, members=b"")
        self._seals.move_to_end(tenant_id)
        if len(self._seals) > _MOST:
            self._seals.popitem(last=False)

    async def lost(self, newest: Seal | None) -> Seal | None:
        """The one that was seen, where the log that ends with this one has it no longer."""
        seen = self._seals.get(current_tenant().id)
        if seen is None or await _has(seen, newest):
            return None
        gone = await deleted.of_tenant(current_tenant().id)
        if gone and gone.ended_at and gone.ended_at >= seen.sealed_at:
            return None  # the tenant was deleted since, and has come again
        return seen


async def _has(seen: Seal, newest: Seal | None) -> bool:
    if newest is None or newest.last_seq < seen.last_seq:
        return False
    is_newer = newest.last_seq > seen.last_seq
    there = await audit_seals.reaching(seen.last_seq) if is_newer else newest
    return there is not None and there.digest == seen.digest
