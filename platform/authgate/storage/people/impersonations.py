"""That somebody in charge acts for a person for a while, and what became of it."""

from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.vocabulary import AccessState
from authgate_tenants import TenantOwned

LONGEST_REASON = 300
ANSWERED_WITHIN = timedelta(days=1)
"""How long a person may take to answer."""
_SHOWN = 20


class ImpersonationRow(TenantOwned):
    """That somebody asks to act for a person."""

    user_id = fields.UUIDField()
    actor_id = fields.UUIDField()
    actor_name = fields.CharField(128)
    reason = fields.CharField(LONGEST_REASON)
    state = fields.CharEnumField(AccessState, max_length=16)
    session_id = fields.UUIDField(null=True)
    asked_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()

    class Meta:
        table = "impersonations"
        unique_together = (("tenant_id", "id"),)
        indexes = (("tenant_id", "user_id"), ("ends_at",))


class Impersonation(NamedTuple):
    """The same as whoever asks sees it."""

    id: UUID
    user_id: UUID
    actor_id: UUID
    actor_name: str
    reason: str
    state: AccessState
    session_id: UUID | None
    """Of the browser in which they act, once they do."""
    asked_at: datetime
    ends_at: datetime
    """Of the time to answer, and then of the time to act."""

    def waits(self, now: datetime) -> bool:
        """Whether the person may still answer."""
        return self.state is AccessState.ASKED and now < self.ends_at

    def is_open(self, now: datetime) -> bool:
        """Whether the person has allowed it and its time is not over."""
        return self.state is AccessState.GRANTED and now < self.ends_at

    @classmethod
    def from_row(cls, row: ImpersonationRow) -> Self:
        """The value of a stored row."""
        return cls(*[getattr(row, name) for name in cls._fields])


async def add(
    *,
    user_id: UUID,
    actor_id: UUID,
    actor_name: str,
    reason: str,
    state: AccessState,
    now: datetime,
    ends_at: datetime,
) -> Impersonation:
    """Note that somebody asks."""
    row = await ImpersonationRow.create(
        id=uuid7(),
        user_id=user_id,
        actor_id=actor_id,
        actor_name=actor_name[:128],
        reason=reason,
        state=state,
        asked_at=now,
        ends_at=ends_at,
    )
    return Impersonation.from_row(row)


async def of_user(user_id: UUID) -> list[Impersonation]:
    """The newest about one person."""
    rows = ImpersonationRow.filter(user_id=user_id).order_by("-asked_at", "-id")
    return [Impersonation.from_row(row) for row in await rows.limit(_SHOWN)]


async def held(impersonation_id: UUID) -> Impersonation | None:
    """The one with this id, until the end of the unit of work."""
    row = await ImpersonationRow.filter(id=impersonation_id).select_for_update().get_or_none()
    return Impersonation.from_row(row) if row else None


async def change(
    known: Impersonation,
    state: AccessState,
    *,
    ends_at: datetime | None = None,
    session_id: UUID | None = None,
) -> None:
    """Say what became of one that is held."""
    ends = ends_at or known.ends_at
    session = session_id or known.session_id
    await _one(known).update(state=state, ends_at=ends, session_id=session)


def _one(known: Impersonation) -> QuerySet[ImpersonationRow]:
    return ImpersonationRow.filter(id=known.id)
