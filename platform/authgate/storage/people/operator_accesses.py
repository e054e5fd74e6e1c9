"""Operators of the installation who want to come into the current tenant, or were there."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from tortoise import fields

from authgate.permissions import UserRole
from authgate.storage.random_secrets import hashed, new_secret
from authgate.vocabulary import AccessState
from authgate_tenants import TenantOwned

LONGEST_REASON = 500
MOST = 200
"""Of those that are shown; the log has all of them."""


class OperatorAccess(TenantOwned):
    """That an operator asks to come in, and what became of it."""

    operator_id = fields.UUIDField()
    operator_name = fields.CharField(100)
    role = fields.CharEnumField(UserRole, max_length=16)
    reason = fields.CharField(LONGEST_REASON)
    emergency = fields.BooleanField(default=False)
    state = fields.CharEnumField(AccessState, max_length=16)
    asked_at = fields.DatetimeField()
    begins_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(128, default="")
    guest_id = fields.UUIDField(null=True)
    entry_hash = fields.BinaryField(null=True)
    entry_ends_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_accesses"
        unique_together = (("tenant_id", "id"),)
        indexes = (("tenant_id", "asked_at"), ("ends_at",))


class Access(NamedTuple):
    """One of them as whoever asks sees it: without what lets somebody in."""

    id: UUID
    operator_id: UUID
    operator_name: str
    role: UserRole
    reason: str
    emergency: bool
    state: AccessState
    asked_at: datetime
    begins_at: datetime | None
    """When it is granted, or was announced to begin."""
    ends_at: datetime
    decided_at: datetime | None
    decided_by: str
    """Who approved, refused or ended it, by name."""
    guest_id: UUID | None

    def is_open(self, now: datetime) -> bool:
        """Whether the operator may come in."""
        begins = self.begins_at
        granted = self.state is AccessState.GRANTED and begins is not None
        return granted and begins is not None and begins <= now < self.ends_at

    def is_pending(self, now: datetime) -> bool:
        """Whether there is anything to decide or to end."""
        return self.state in (AccessState.ASKED, AccessState.GRANTED) and now < self.ends_at

    @classmethod
    def from_row(cls, row: OperatorAccess) -> Self:
        """The value of a stored row."""
        return cls(*[getattr(row, name) for name in cls._fields])


async def store(access: Access) -> None:
    """Store a new one."""
    await OperatorAccess.create(**access._asdict())


async def held(access_id: UUID) -> Access | None:
    """The one with this id, until the end of the unit of work."""
    row = await OperatorAccess.filter(id=access_id).select_for_update().get_or_none()
    return None if row is None else Access.from_row(row)


async def newest() -> Sequence[Access]:
    """The newest first."""
    rows = OperatorAccess.all().order_by("-asked_at", "-id").limit(MOST)
    return [Access.from_row(row) for row in await rows]


async def open_of(operator_id: UUID, *, now: datetime) -> Sequence[Access]:
    """Those of an operator that are asked for or granted and not over."""
    living = OperatorAccess.filter(
        operator_id=operator_id,
        state__in=[AccessState.ASKED, AccessState.GRANTED],
        ends_at__gt=now,
    )
    return [Access.from_row(row) for row in await living]


async def pending() -> Sequence[Access]:
    """Those that are asked for or granted, over or not."""
    living = OperatorAccess.filter(state__in=[AccessState.ASKED, AccessState.GRANTED])
    return [Access.from_row(row) for row in await living.limit(MOST)]


async def conclude(access_id: UUID, *, now: datetime) -> bool:
    """Note that its time is over; ``False`` where it is not, or something else became of it."""
    late = OperatorAccess.filter(
        id=access_id, state__in=[AccessState.ASKED, AccessState.GRANTED], ends_at__lte=now
    )
    return await late.update(state=AccessState.OVER, entry_hash=None) == 1


async def decide(
    access_id: UUID,
    state: AccessState,
    *,
    former: Sequence[AccessState],
    by: str,
    at: datetime,
    begins_at: datetime | None = None,
) -> bool:
    """Give it another state; ``False`` where it has none of the former ones, or is over."""
    values = {"state": state, "decided_by": by[:128], "decided_at": at, "entry_hash": None}
    if begins_at is not None:
        values["begins_at"] = begins_at
    living = OperatorAccess.filter(id=access_id, state__in=list(former), ends_at__gt=at)
    return await living.update(**values) == 1


async def open_door(access_id: UUID, *, until: datetime) -> str:
    """What lets its operator in once, until then; only a hash of it is stored."""
    key = new_secret()
    await OperatorAccess.filter(id=access_id).update(entry_hash=hashed(key), entry_ends_at=until)
    return key


async def go_through(key: str, *, now: datetime) -> Access | None:
    """The access that this lets in by, which it does no more; ``None`` where it does not."""
    fit = OperatorAccess.filter(
        entry_hash=hashed(key),
        entry_ends_at__gt=now,
        state=AccessState.GRANTED,
        begins_at__lte=now,
        ends_at__gt=now,
    )
    row = await fit.get_or_none()
    if row is None:
        return None
    # Of those who come with the same at once one goes through.
    spent = OperatorAccess.filter(id=row.id, entry_hash=hashed(key))
    return Access.from_row(row) if await spent.update(entry_hash=None) == 1 else None


async def note_guest(access_id: UUID, guest_id: UUID) -> None:
    """As whom the operator is here."""
    await OperatorAccess.filter(id=access_id).update(guest_id=guest_id)


async def guest_of(operator_id: UUID) -> UUID | None:
    """As whom an operator was here last, if ever."""
    before = OperatorAccess.filter(operator_id=operator_id, guest_id__isnull=False)
    row = await before.order_by("-asked_at").first()
    return row.guest_id if row else None
