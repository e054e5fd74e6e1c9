"""Alerts: what the log has shown that deserves a look, and what became of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate.storage import paging
from authgate.storage.clients import ids
from authgate.storage.paging import Order, Page
from authgate.vocabulary import AlertState, Severity
from authgate_tenants import TenantOwned

KEPT: Final = timedelta(days=365)
"""For so long it can be seen what became of an alert."""

_LONGEST_KIND: Final = 32
_LONG_FOUND: Final = timedelta(days=4)
"""No alert is raised for what is older."""

_NEWEST = Order("raised_at", descending=True)


class AlertRow(TenantOwned):
    """An alert."""

    rule = fields.CharField(40)
    subject_type = fields.CharField(_LONGEST_KIND)
    subject_id = fields.CharField(ids.LONGEST)
    window_at = fields.DatetimeField()
    """When the window begins in which there is one of this rule and subject."""
    severity = fields.CharEnumField(Severity, max_length=16)
    state = fields.CharEnumField(AlertState, max_length=16, default=AlertState.OPEN)
    events = fields.IntField()
    """How many it were, and came since within its window."""
    first_at = fields.DatetimeField()
    at = fields.DatetimeField()
    """When that happened which raised it."""
    last_at = fields.DatetimeField()
    event_id = fields.UUIDField(null=True)
    """The event of the log that raised it."""
    details: dict[str, Any] = fields.JSONField(default=dict)
    raised_at = fields.DatetimeField()
    decided_by = fields.CharField(160, default="")
    decided_at = fields.DatetimeField(null=True)
    held_back = fields.BooleanField(default=False)
    """Whether people are still to be written of it, when they are written to next."""
    letter_id = fields.UUIDField(null=True)
    """Of what was written of it, which is the same for all who read it."""
    told_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "alerts"
        unique_together = (
            ("tenant_id", "rule", "subject_type", "subject_id", "window_at"),
            ("tenant_id", "id"),
        )
        indexes = (("tenant_id", "raised_at"), ("tenant_id", "rule", "at"), ("expires_at",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule has found, before it is known whether an alert of it is there already."""

    rule: str
    subject_type: str
    """Whom it is about: ``user``, ``client``, ``address``, ``key``, ``limit``, ``quota`` or
    ``tenant``."""
    subject_id: str
    first_at: datetime
    at: datetime
    """When that happened which made it one."""
    last_at: datetime
    events: int = 1
    event_id: UUID | None = None
    details: Mapping[str, Any]

    @property
    def subject(self) -> tuple[str, str]:
        """Of what kind it is about whom, as far as there is room for it: events from elsewhere say
        what they like."""
        return self.subject_type[:_LONGEST_KIND], self.subject_id[: ids.LONGEST]

    def window_at(self, window: timedelta) -> datetime:
        """When the window begins in which it happened; they lie one beside the other."""
        seconds = int(window.total_seconds())
        since = int(self.at.timestamp()) % seconds
        return self.at.replace(microsecond=0) - timedelta(seconds=since)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it is shown."""

    id: UUID
    rule: str
    subject_type: str
    subject_id: str
    severity: Severity
    state: AlertState
    events: int
    first_at: datetime
    last_at: datetime
    event_id: UUID | None
    details: Mapping[str, Any]
    raised_at: datetime
    decided_by: str
    decided_at: datetime | None

    @classmethod
    def from_row(cls, row: AlertRow) -> Self:
        """The value of a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})


async def add(
    finding: Finding, *, window: timedelta, severity: Severity, now: datetime
) -> Alert | None:
    """Raise an alert, with the open unit of work; ``None`` where there is one of this rule and
    subject within its window: that one counts what came besides. One that somebody was done with
    before that is open again, as if it were raised now."""
    begins, (kind, which) = finding.window_at(window), finding.subject
    same = AlertRow.filter(rule=finding.rule, subject_type=kind, subject_id=which)
    near = same.filter(at__gt=finding.at - window, at__lt=finding.at + window)
    there = await near.order_by("-at").first() or await same.get_or_none(window_at=begins)
    if there is not None:
        return await _count_in(there, finding, now=now)
    row = AlertRow(
        id=uuid7(),
        rule=finding.rule,
        subject_type=kind,
        subject_id=which,
        window_at=begins,
        severity=severity,
        events=finding.events,
        first_at=finding.first_at,
        at=finding.at,
        last_at=finding.last_at,
        event_id=finding.event_id,
        details=dict(finding.details),
        raised_at=now,
        expires_at=now + KEPT,
    )
    await AlertRow.bulk_create([row], ignore_conflicts=True)
    stored = await same.get(window_at=begins)
    if stored.id == row.id:
        return Alert.from_row(stored)
    # Somebody else has raised it meanwhile.
    return await _count_in(stored, finding, now=now)


async def _count_in(there: AlertRow, finding: Finding, *, now: datetime) -> Alert | None:
    counted: dict[str, Any] = {
        "events": there.events + finding.events,
        "last_at": max(there.last_at, finding.last_at),
    }
    done_at = there.decided_at if there.state is AlertState.CLOSED else None
    if done_at is None or finding.last_at < done_at:
        await AlertRow.filter(id=there.id).update(**counted)
        return None
    # Whoever was done with it did not know of this.
    again = {
        "state": AlertState.OPEN,
        "decided_by": "",
        "decided_at": None,
        "raised_at": now,
        "event_id": finding.event_id,
        "details": dict(finding.details),
    }
    await AlertRow.filter(id=there.id).update(**counted, **again)
    return Alert.from_row(await AlertRow.get(id=there.id))


async def raised(rule: str, *, since: datetime) -> dict[tuple[str, str], datetime]:
    """By the subject, when that happened for which the last alert of a rule was raised, where it
    was later than this."""
    rows = AlertRow.filter(rule=rule, at__gt=since).order_by("at")
    found = await rows.values_list("subject_type", "subject_id", "at")
    return {(kind, subject): at for kind, subject, at in found}


async def count(rule: str, *, since: datetime) -> int:
    """How many of a rule were raised for what happened since then."""
    return await AlertRow.filter(rule=rule, at__gt=since).count()


async def letters(rule: str, *, since: datetime) -> int:
    """How many letters told of a rule since then."""
    told = AlertRow.filter(rule=rule, at__gt=since - _LONG_FOUND, told_at__gt=since)
    return len(await told.distinct().values_list("letter_id", flat=True))


async def hold_back(alert_ids: Collection[UUID]) -> None:
    """Have them be written of when people are written to next."""
    await AlertRow.filter(id__in=list(alert_ids)).update(held_back=True)


async def held_back(*, since: datetime, limit: int) -> tuple[list[Alert], int]:
    """The newest of those that are held back, and how many there are, of what was raised since
    then and nobody is done with."""
    rows = AlertRow.filter(raised_at__gt=since, held_back=True).exclude(state=AlertState.CLOSED)
    newest = await rows.order_by("-raised_at").limit(limit)
    return [Alert.from_row(row) for row in newest], await rows.count()


async def told(
    alert_ids: Collection[UUID], letter_id: UUID, *, since: datetime, now: datetime
) -> None:
    """Note that a letter tells of these, and of all that were held back since then."""
    written = {"held_back": False, "letter_id": letter_id, "told_at": now}
    await AlertRow.filter(raised_at__gt=since, held_back=True).update(**written)
    await AlertRow.filter(id__in=list(alert_ids)).update(**written)


async def page(
    *, state: AlertState | None = None, rule: str = "", cursor: str | None = None, limit: int = 50
) -> Page[Alert]:
    """Alerts, the newest first. Raises ``BadCursor``."""
    rows = AlertRow.all() if state is None else AlertRow.filter(state=state)
    rows = rows.filter(rule=rule) if rule else rows
    found = await paging.page(rows, _NEWEST, cursor=cursor, limit=limit)
    return found.of(Alert.from_row)


async def find(alert_id: UUID) -> Alert | None:
    """The alert with this id."""
    row = await AlertRow.get_or_none(id=alert_id)
    return Alert.from_row(row) if row else None


async def decide(
    alert_id: UUID, state: AlertState, *, among: Collection[AlertState], by: str, now: datetime
) -> bool:
    """Say what becomes of an alert that is in one of these states; whether it was."""
    rows = AlertRow.filter(id=alert_id, state__in=list(among))
    return bool(await rows.update(state=state, decided_by=by[:160], decided_at=now))


async def counts() -> dict[AlertState, int]:
    """How many there are of each state."""
    return {state: await AlertRow.filter(state=state).count() for state in AlertState}


async def forget(user_id: UUID) -> None:
    """Have nothing be left of what was about somebody who is no more."""
    await AlertRow.filter(subject_type="user", subject_id=str(user_id)).delete()
