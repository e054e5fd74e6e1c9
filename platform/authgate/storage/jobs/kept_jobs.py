"""Jobs of a tenant that must not be lost: what a change leaves to be done, and what was given up.

What a change leaves is stored in the transaction of the change, and goes when it is done: whoever
is killed in between is followed by another one. What went wrong each time it was tried stays for a
while, so that somebody looks at it and has it tried again, or lets it be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate_tenants import TenantOwned

KEPT: Final = timedelta(days=30)
"""For how long what was given up can be looked at."""

SILENCE: Final = timedelta(seconds=30)
"""Of what nobody has begun for so long after it was asked for, it is asked for once more."""

MOST: Final = 100
"""Of what was given up, as many are told."""

LONGEST_ERROR, LONGEST_REASON = 120, 512


class KeptState(StrEnum):
    """How far a kept job has come."""

    WAITING = "waiting"
    WORKING = "working"
    FAILED = "failed"


class KeptJobRow(TenantOwned):
    """A job that is kept."""

    name = fields.CharField(64)
    arguments: dict[str, Any] = fields.JSONField(default=dict)
    state = fields.CharEnumField(KeptState, max_length=16, default=KeptState.WAITING)
    attempts = fields.IntField(default=0)
    error = fields.CharField(LONGEST_ERROR, default="")
    """What went wrong the last time, in one word."""
    reason = fields.CharField(LONGEST_REASON, default="")
    """In more of them, without secrets."""
    created_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    """When to ask for it again; while somebody does it, when that one has been killed."""
    expires_at = fields.DatetimeField(null=True)
    """Of what was given up: until when it is kept."""

    class Meta:
        table = "kept_jobs"
        unique_together = (("tenant_id", "id"),)
        indexes = (("state", "due_at"), ("expires_at",))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptJob:
    """A job that is kept, as it is known."""

    id: UUID
    name: str
    arguments: Mapping[str, Any]
    state: KeptState
    attempts: int
    error: str
    reason: str
    created_at: datetime
    touched_at: datetime
    due_at: datetime

    @classmethod
    def of(cls, row: KeptJobRow) -> "KeptJob":
        """The job of a row."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})


async def keep(name: str, arguments: Mapping[str, Any], *, now: datetime, is_hinted: bool) -> UUID:
    """Have this done, in the unit of work that it follows from; its id."""
    row = await KeptJobRow.create(
        id=uuid7(),
        name=name,
        arguments=dict(arguments),
        created_at=now,
        touched_at=now,
        due_at=now + SILENCE if is_hinted else now,
    )
    return row.id


async def begin(kept_id: UUID, *, now: datetime, until: datetime) -> int | None:
    """Be the one who does it, until then; how often it was tried, or ``None`` where another one
    does it or it is kept no longer."""
    row = await KeptJobRow.get_or_none(id=kept_id)
    if row is None:
        return None
    mine = _open(now).filter(id=kept_id, attempts=row.attempts)
    begun = await mine.update(
        state=KeptState.WORKING, attempts=row.attempts + 1, touched_at=now, due_at=until
    )
    return row.attempts + 1 if begun else None


async def done(kept_id: UUID, attempt: int, since: datetime) -> None:
    """Nothing is left of it, says who has begun it at this attempt and moment: who was slow and is
    followed by another one meanwhile has no say any more."""
    await _held(kept_id, attempt, since).delete()


async def postpone(
    kept_id: UUID,
    attempt: int,
    since: datetime,
    *,
    now: datetime,
    due_at: datetime,
    error: str = "",
    reason: str = "",
) -> None:
    """Have it done later, says the same: it went wrong, or, without an error, it is not finished
    yet."""
    changes: dict[str, Any] = {"error": error[:LONGEST_ERROR], "reason": reason[:LONGEST_REASON]}
    if not error:
        changes["attempts"] = 0
    await _held(kept_id, attempt, since).update(
        state=KeptState.WAITING, touched_at=now, due_at=due_at, **changes
    )


async def give_up(
    kept_id: UUID, attempt: int, since: datetime, *, now: datetime, error: str, reason: str
) -> None:
    """It went wrong too often, says the same: somebody has to look at it."""
    await _held(kept_id, attempt, since).update(
        state=KeptState.FAILED,
        touched_at=now,
        error=error[:LONGEST_ERROR],
        reason=reason[:LONGEST_REASON],
        expires_at=now + KEPT,
    )


async def bury(
    name: str,
    arguments: Mapping[str, Any],
    *,
    now: datetime,
    attempts: int,
    error: str,
    reason: str,
) -> None:
    """Keep one that nobody had kept, and that was given up; the same one once."""
    wrong: dict[str, Any] = {
        "attempts": attempts,
        "error": error[:LONGEST_ERROR],
        "reason": reason[:LONGEST_REASON],
        "touched_at": now,
        "expires_at": now + KEPT,
    }
    for row in await _buried(name, arguments):
        await KeptJobRow.filter(id=row.id, state=KeptState.FAILED).update(**wrong)
        return
    await KeptJobRow.create(
        id=uuid7(),
        name=name,
        arguments=dict(arguments),
        state=KeptState.FAILED,
        created_at=now,
        due_at=now,
        **wrong,
    )


async def went_well(name: str, arguments: Mapping[str, Any]) -> None:
    """The same as one that was given up has ended well since: nobody has to look at it."""
    for row in await _buried(name, arguments):
        await let_be(row.id)


async def revive(kept_id: UUID, *, now: datetime) -> KeptJob | None:
    """Have one tried again that was given up; ``None`` where it was not, or is not any more."""
    failed = KeptJobRow.filter(id=kept_id, state=KeptState.FAILED)
    if not await failed.update(
        state=KeptState.WAITING, attempts=0, touched_at=now, due_at=now, expires_at=None
    ):
        return None
    return await find(kept_id)


async def remove(kept_id: UUID) -> None:
    """Who has asked for it has done it, unless somebody else does it right now."""
    await KeptJobRow.filter(id=kept_id, state=KeptState.WAITING).delete()


async def let_be(kept_id: UUID) -> bool:
    """Keep one no longer that was given up; ``False`` where it was not, or is not any more."""
    return await KeptJobRow.filter(id=kept_id, state=KeptState.FAILED).delete() > 0


async def due(*, now: datetime, limit: int) -> Sequence[KeptJob]:
    """Those to be asked for again, the longest waiting first; they are not due for a while."""
    found: list[KeptJob] = []
    for row in await _open(now).filter(due_at__lte=now).order_by("due_at").limit(limit):
        mine = KeptJobRow.filter(id=row.id, due_at=row.due_at, state=row.state)
        if await mine.update(state=KeptState.WAITING, due_at=now + SILENCE):
            found.append(KeptJob.of(row))
    return found


async def find(kept_id: UUID) -> KeptJob | None:
    """The job, if it is kept."""
    row = await KeptJobRow.get_or_none(id=kept_id)
    return None if row is None else KeptJob.of(row)


async def every() -> Sequence[KeptJob]:
    """Those that are kept: what was given up before what is under way, the newest of each first."""
    given_up = KeptJobRow.filter(state=KeptState.FAILED)
    found: list[KeptJob] = []
    for each in (given_up, KeptJobRow.exclude(state=KeptState.FAILED)):
        rows = await each.order_by("-created_at", "-id").limit(MOST)
        found += map(KeptJob.of, rows)
    return found


async def _buried(name: str, arguments: Mapping[str, Any]) -> Sequence[KeptJobRow]:
    """Of the newest that were given up those that are the same."""
    rows = KeptJobRow.filter(name=name, state=KeptState.FAILED).order_by("-touched_at")
    return [row for row in await rows.limit(MOST) if row.arguments == dict(arguments)]


def _open(now: datetime) -> QuerySet[KeptJobRow]:
    """Those that anybody may begin."""
    left = Q(state=KeptState.WORKING, due_at__lte=now)
    return KeptJobRow.filter(Q(state=KeptState.WAITING) | left)


def _held(kept_id: UUID, attempt: int, since: datetime) -> QuerySet[KeptJobRow]:
    return KeptJobRow.filter(
        id=kept_id, state=KeptState.WORKING, attempts=attempt, touched_at=since
    )
