"""That somebody was erased: what was removed of them, and the proof of it, which stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import F
from uuid_utils.compat import uuid7

from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate_tenants import TenantOwned

_NEWEST_FIRST: Final = Order.of("-id")
_LONGEST_REQUESTER: Final = 160


class ErasureState(StrEnum):
    """How far it has come."""

    REQUESTED = "requested"
    """Nobody acts in their name any more. Their rows are removed next."""
    REMOVED = "removed"
    """Their rows are gone; the audit log has yet to forget them."""
    ERASED = "erased"
    """All is done, and certified."""


class PersonErasureRow(TenantOwned):
    """An erasure. It names nobody: whoever has noted the id knows whose it is."""

    user_id = fields.UUIDField()
    state = fields.CharEnumField(ErasureState, max_length=16)
    requested_by = fields.CharField(_LONGEST_REQUESTER)
    """Type and id of who wanted it."""
    requested_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)
    removed: dict[str, int] = fields.JSONField(default=dict)
    """Rows that were removed, or emptied of names, by table."""
    events = fields.BigIntField(default=0)
    """Events of the audit log that were emptied."""
    ended_at = fields.DatetimeField(null=True)
    certificate = fields.TextField(default="")

    class Meta:
        table = "person_erasures"
        unique_together = (("tenant_id", "user_id"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """An erasure as it is known."""

    id: UUID
    user_id: UUID
    state: ErasureState
    requested_by: str
    requested_at: datetime
    removed_at: datetime | None
    removed: Mapping[str, int]
    events: int
    ended_at: datetime | None
    certificate: str

    @property
    def rows(self) -> Mapping[str, int]:
        """The same, as it is told."""
        return self.removed

    @classmethod
    def of(cls, row: PersonErasureRow) -> Self:
        """The value of a row."""
        return cls(*[getattr(row, name) for name in cls.__dataclass_fields__])


async def begin(user_id: UUID, *, requested_by: str, now: datetime) -> PersonErasure:
    """Note that somebody is to be erased, with the open unit of work; the note that there is, if
    somebody wants it already."""
    row = await PersonErasureRow.get_or_none(user_id=user_id)
    if row is None:
        row = await PersonErasureRow.create(
            id=uuid7(),
            user_id=user_id,
            state=ErasureState.REQUESTED,
            requested_by=requested_by[:_LONGEST_REQUESTER],
            requested_at=now,
        )
    return PersonErasure.of(row)


async def removed(user_id: UUID, rows: Mapping[str, int], *, now: datetime) -> None:
    """Note what was removed of somebody, with the open unit of work."""
    theirs = PersonErasureRow.filter(user_id=user_id, state=ErasureState.REQUESTED)
    await theirs.update(state=ErasureState.REMOVED, removed=dict(rows), removed_at=now)


async def emptied(user_id: UUID, events: int) -> None:
    """Note that so many more events of the log tell nothing of somebody any more."""
    await PersonErasureRow.filter(user_id=user_id).update(events=F("events") + events)


async def end(erasure: PersonErasure, certificate: str, *, now: datetime) -> None:
    """Note that all is done, with the open unit of work."""
    open_one = PersonErasureRow.filter(id=erasure.id, state=ErasureState.REMOVED)
    await open_one.update(state=ErasureState.ERASED, ended_at=now, certificate=certificate)


async def of_user(user_id: UUID) -> PersonErasure | None:
    """The one of a person."""
    row = await PersonErasureRow.get_or_none(user_id=user_id)
    return PersonErasure.of(row) if row else None


async def is_requested(user_id: UUID) -> bool:
    """Whether a person is to be erased, and nothing of them was removed yet."""
    theirs = PersonErasureRow.filter(user_id=user_id, state=ErasureState.REQUESTED)
    return await theirs.exists()


async def find(erasure_id: UUID) -> PersonErasure | None:
    """The one with this id."""
    row = await PersonErasureRow.get_or_none(id=erasure_id)
    return PersonErasure.of(row) if row else None


async def holds(certificate: str) -> bool:
    """Whether this very certificate is kept here."""
    return await PersonErasureRow.filter(certificate=certificate).exclude(certificate="").exists()


async def listed(*, cursor: str | None, limit: int) -> Page[PersonErasure]:
    """All of them, the newest first. Raises ``BadCursor``."""
    found: Page[Any] = await paging.page(
        PersonErasureRow.all(), _NEWEST_FIRST, cursor=cursor, limit=limit
    )
    return found.of(PersonErasure.of)
