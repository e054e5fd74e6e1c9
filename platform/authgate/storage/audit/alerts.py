"""Alerts: what the log has shown that deserves a look, and what became of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.vocabulary import AlertState, Severity
from authgate_tenants import TenantOwned

KEPT: Final = timedelta(days=365)
"""For so long it can be seen what became of an alert."""

_NEWEST = Order("raised_at", descending=True)


class AlertRow(TenantOwned):
    """An alert."""

    rule = fields.CharField(40)
    subject_type = fields.CharField(16)
    subject_id = fields.CharField(128)
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
    expires_at = fields.DatetimeField()

    class Meta:
        table = "alerts"
        unique_together = (
            ("tenant_id", "rule", "subject_type", "subject_id", "window_at"),
            ("tenant_id", "id"),
        )
        indexes = (("tenant_id", "raised_at"), ("expires_at",))


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
    subject within its window: that one counts what came besides."""
    begins = finding.window_at(window)
    same = AlertRow.filter(
        rule=finding.rule, subject_type=finding.subject_type, subject_id=finding.subject_id
    )
    near = same.filter(at__gt=finding.at - window, at__lt=finding.at + window)
    there = await near.order_by("-at").first() or await same.get_or_none(window_at=begins)
    if there is not None:
        await _count_in(there, finding)
        return None
    row = await AlertRow.create(
        id=uuid7(),
        rule=finding.rule,
        subject_type=finding.subject_type,
        subject_id=finding.subject_id,
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
    return Alert.from_row(row)


async def _count_in(there: AlertRow, finding: Finding) -> None:
    await AlertRow.filter(id=there.id).update(
        events=there.events + finding.events, last_at=max(there.last_at, finding.last_at)
    )


async def raised(rule: str, *, since: datetime) -> dict[tuple[str, str], datetime]:
    """By the subject, when that happened for which the last alert of a rule was raised, where it
    was later than this."""
    rows = AlertRow.filter(rule=rule, at__gt=since).order_by("at")
    found = await rows.values_list("subject_type", "subject_id", "at")
    return {(kind, subject): at for kind, subject, at in found}


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
