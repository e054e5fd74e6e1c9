"""Which tenants are to be deleted: from the request, over the time in which they can be restored,
and the loss of their keys, to what stays of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from authgate_tenants.lifecycle import set_status
from authgate_tenants.models import (
    DeletionState,
    TenantDataKey,
    TenantDeletion,
    TenantRow,
)
from authgate_tenants.scope import TenantStatus

_KEPT = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)
_OPEN = (DeletionState.WAITING, DeletionState.ERASING)


class UnknownDeletion(LookupError):
    """No tenant of this name is to be deleted, or was."""


class NotWaiting(RuntimeError):
    """The tenant has another status than its deletion says: somebody else has written there."""


async def begin(
    row: TenantRow, *, requested_by: str, now: datetime, due_at: datetime
) -> TenantDeletion | None:
    """Let a tenant wait for its deletion; nothing where it does so already.

    The row is locked by this transaction (``lifecycle.locked``).
    """
    if not await set_status(row.id, TenantStatus.DELETING, former=_KEPT):
        return None
    return await TenantDeletion.create(
        tenant_id=row.id,
        slug=row.slug,
        former_status=row.status,
        requested_by=requested_by,
        requested_at=now,
        due_at=due_at,
    )


async def take_back(deletion: TenantDeletion, *, now: datetime) -> bool:
    """Make the tenant what it was; ``False`` where its keys are gone already, or it was made so.

    Raises ``NotWaiting``.
    """
    if not await _moved(deletion, DeletionState.RESTORED, ended_at=now):
        return False
    waits = [TenantStatus.DELETING]
    if not await set_status(deletion.tenant_id, deletion.former_status, former=waits):
        raise NotWaiting(deletion.slug)
    return True


async def shred(deletion: TenantDeletion, *, keys: list[dict[str, Any]], now: datetime) -> bool:
    """Destroy the data keys of the tenant in scope; what they have sealed nobody can read again.

    ``keys`` are the ids of others that go with them. ``False`` where the tenant was restored, or
    somebody else has done it. In the transaction of whoever writes it down. Raises ``NotWaiting``.
    """
    data_keys = await TenantDataKey.all().order_by("version")
    ids = [{"kind": "data-key", "id": str(key.id), "version": key.version} for key in data_keys]
    moved = await _moved(
        deletion,
        DeletionState.ERASING,
        shredded_at=now,
        shredded=[*ids, *keys],
        removed={"tenant_data_keys": len(ids)},
    )
    if not moved:
        return False
    await TenantDataKey.all().delete()
    waits = [TenantStatus.DELETING]
    if not await set_status(deletion.tenant_id, TenantStatus.ERASING, former=waits):
        raise NotWaiting(deletion.slug)
    return True


async def due(
    *, now: datetime, limit: int, states: Collection[DeletionState] = _OPEN
) -> list[TenantDeletion]:
    """Those whose time to be restored is over, the longest waiting first."""
    open_ones = TenantDeletion.filter(state__in=list(states), due_at__lte=now)
    return await open_ones.order_by("due_at", "id").limit(limit)


async def waiting_of(tenant_id: UUID) -> TenantDeletion | None:
    """The one that a tenant waits for."""
    return await TenantDeletion.get_or_none(tenant_id=tenant_id, state=DeletionState.WAITING)


async def ended_since(moment: datetime, *, limit: int) -> list[UUID]:
    """Tenants that are being erased, or were deleted since then: so many of each at most."""
    # Each by its own index: they are asked for every few seconds, and deletions stay for ever.
    erasing = TenantDeletion.filter(state=DeletionState.ERASING).order_by("-due_at").limit(limit)
    ended = TenantDeletion.filter(state=DeletionState.DELETED, ended_at__gte=moment)
    lately = ended.order_by("-ended_at").limit(limit)
    return [each.tenant_id for each in [*await erasing, *await lately]]


async def newest(*, limit: int, state: DeletionState | None = None) -> list[TenantDeletion]:
    """The newest, of one state where it is given."""
    found = TenantDeletion.all() if state is None else TenantDeletion.filter(state=state)
    return await found.order_by("-id").limit(limit)


async def holds(certificate: str) -> bool:
    """Whether this very certificate is kept here."""
    return await TenantDeletion.filter(certificate=certificate).exclude(certificate="").exists()


async def of(named: str) -> TenantDeletion:
    """The newest of a tenant, by its slug or id, or by its own id. Raises ``UnknownDeletion``."""
    by_name = Q(slug=named)
    try:
        number = UUID(named)
    except ValueError:
        pass
    else:
        by_name |= Q(tenant_id=number) | Q(id=number)
    found = await TenantDeletion.filter(by_name).order_by("-id").first()
    if found is None:
        raise UnknownDeletion(named)
    return found


async def _moved(deletion: TenantDeletion, state: DeletionState, **columns: Any) -> bool:
    # Whoever restores and whoever shreds meet here, and one of them comes first.
    waiting = TenantDeletion.filter(id=deletion.id, state=DeletionState.WAITING)
    return await waiting.update(state=state, **columns) == 1
