"""People who are gone, and of whom the log is to tell nothing more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from tortoise import fields

from authgate.storage.audit import leaves
from authgate.storage.audit.sealed import SealedEvent
from authgate_tenants import TenantOwned

LATE: Final = timedelta(minutes=5)
"""For so long something may still be stored that tells of somebody who is gone."""

_LATE_MICROSECONDS: Final = LATE // timedelta(microseconds=1)

HELD: Final = timedelta(hours=1)
"""Between two looks whether a log is still held, and nobody is forgotten."""

_STAYS: Final = frozenset({"AUDIT_EVENTS_REMOVED", "AUDIT_PERSON_ERASED"})
"""Events without which what is missing would be a fault."""

_CALLED: Final = frozenset({"alert_recipients", "by", "invited_by", "username"})
"""Members of details in which somebody is called by their name. Elsewhere it may be another's, or a
word: who calls themselves ``admin`` is not to take the events of administrators along."""


class AuditErasureRow(TenantOwned):
    """Somebody who is to be forgotten."""

    user_id = fields.UUIDField()
    username = fields.CharField(128)
    email = fields.CharField(254, default="")
    """Where it was proven to be theirs."""
    former: dict[str, dict[str, int]] | None = fields.JSONField(null=True)
    """``username`` and ``email``: those that they had before, and until when (microseconds)."""
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    position = fields.BigIntField(default=0)
    """The last place in the log that was looked at."""
    until = fields.BigIntField(default=0)
    """The last one that may be emptied now."""

    class Meta:
        table = "audit_erasures"
        unique_together = (("tenant_id", "user_id"), ("tenant_id", "id"))
        indexes = (("due_at",),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Somebody who is to be forgotten."""

    id: UUID
    user_id: UUID
    username: str
    email: str
    former: Mapping[str, Mapping[str, int]]
    asked_at: datetime
    position: int

    @classmethod
    def from_row(cls, row: AuditErasureRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            user_id=row.user_id,
            username=row.username,
            email=row.email,
            former=row.former or {},
            asked_at=row.asked_at,
            position=row.position,
        )

    @property
    def ends_at(self) -> datetime:
        """What happens later is nothing of theirs: somebody else may have their name by then."""
        return self.asked_at + LATE

    def is_about(self, stored: SealedEvent) -> bool:
        """Whether an event tells of them: they did it, it was done to them, or it names them."""
        event, subject = stored.event, str(self.user_id)
        if stored.is_erased or event.event_type in _STAYS:
            return False
        at: object = event.occurred_at  # whatever somebody has written there
        if isinstance(at, int) and at > leaves.micros(self.ends_at):
            return False
        if subject in (event.actor_id, event.resource_id):
            return True
        ids = {subject, self.email.casefold()} - {""}
        return any(
            said.casefold() in ids
            or (name in _CALLED and said == self.username != "")
            or self._was_called(said, name, at)
            for name, said in _texts("", event.details)
        )

    def former_addresses(self) -> Iterator[tuple[str, datetime]]:
        """Where they were reached before, and until when."""
        for address, until in self.former.get("email", {}).items():
            yield address, datetime.fromtimestamp(until / 1_000_000, UTC) + LATE

    def _was_called(self, said: str, name: str, at: object) -> bool:
        kinds = ("email", "username") if name in _CALLED else ("email",)
        moments = [self.former.get(kind, {}).get(said.casefold()) for kind in kinds]
        # Since then it may be somebody else's.
        return isinstance(at, int) and any(
            until is not None and at <= until + _LATE_MICROSECONDS for until in moments
        )


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield name, value
        case dict():
            # Of a setting that was changed its name stands beside what it was and is.
            changed = value.get("setting") == "alert_recipients"
            for each, inner in value.items():
                yield from _texts("alert_recipients" if changed else each, inner)
        case list():
            for inner in value:
                yield from _texts(name, inner)


async def ask(
    user_id: UUID,
    *,
    username: str,
    email: str,
    now: datetime,
    due_at: datetime,
    former: Mapping[str, Mapping[str, int]] | None = None,
) -> None:
    """Have somebody be forgotten, with the open unit of work; who waits for that already, no later
    than now wanted."""
    theirs = AuditErasureRow.filter(user_id=user_id)
    if await theirs.exists():
        await theirs.filter(due_at__gt=due_at).update(due_at=due_at)
    else:
        await AuditErasureRow.create(
            user_id=user_id,
            username=username,
            email=email,
            former=dict(former or {}),
            asked_at=now,
            due_at=due_at,
        )


async def due(*, now: datetime) -> Erasure | None:
    """Whoever of the current tenant has waited longest."""
    row = await AuditErasureRow.filter(due_at__lte=now).order_by("due_at", "id").first()
    return Erasure.from_row(row) if row else None


async def open_until(erasure: Erasure, place: int) -> int:
    """Have the places behind those that were looked at be emptied, up to this one; up to which they
    were to be before: whoever was killed then has counted these, and so has who does the same."""
    row = await AuditErasureRow.filter(id=erasure.id).select_for_update().get_or_none()
    if row is None or row.position != erasure.position:
        return place
    counted: int = max(row.until, row.position)
    await AuditErasureRow.filter(id=erasure.id).update(until=max(counted, place))
    return counted


async def go_on(erasure: Erasure, place: int, *, due_at: datetime | None = None) -> None:
    """Note that all up to this place was looked at, and when somebody looks again, unless another
    one has gone on meanwhile."""
    changes = {"position": place, "until": place} | ({"due_at": due_at} if due_at else {})
    here = AuditErasureRow.filter(id=erasure.id, position=erasure.position)
    await here.update(**changes)


async def postpone(*, now: datetime) -> None:
    """Have nobody of the current tenant be forgotten for a while."""
    await AuditErasureRow.filter(due_at__lte=now).update(due_at=now + HELD)


async def end(erasure: Erasure) -> None:
    """Forget that somebody was to be forgotten."""
    await AuditErasureRow.filter(id=erasure.id).delete()
