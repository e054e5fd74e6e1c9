"""``/audit-statistics``: how much of what has happened, hour by hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPMethod

from authgate.admin.audit_moments import Moment
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.provisioning import audit_views
from authgate.storage.audit import statistics
from authgate.tokens.admin_scopes import Scope

_USUAL = timedelta(days=7)


class AuditStatisticsQuery(Document):
    """Of which period; the last seven days where nothing is said."""

    since: Moment | None = None
    to: Moment | None = None
    """The first moment that is not counted any more."""


class AuditEventCount(Document):
    """How many events of one kind there were within an hour."""

    model_config = exemplified(
        hour="2026-03-02T09:00:00Z",
        event_type="AUTHENTICATION_FAILURE",
        severity="WARNING",
        success=False,
        total=17,
    )

    hour: datetime
    """Its beginning, in UTC."""

    event_type: str
    severity: str
    success: bool
    total: int


class AuditFailureCount(Document):
    """How much has failed from somewhere."""

    model_config = exemplified(value="192.0.2.7", total=17)

    value: str
    total: int


class AuditFailingActor(Document):
    """How much has failed by somebody."""

    model_config = exemplified(
        value="alice",
        actor_type="user",
        actor_id="0197a3b2-6c1e-7d40-8f52-3b9d5e6a7c81",
        total=17,
    )

    value: str
    """The name."""

    actor_type: str
    actor_id: str
    """Empty where no more is known than the name that was given."""

    total: int


class AuditStatistics(Document):
    """By hour, type, severity and outcome; what there was none of is left out."""

    counted_since: datetime
    """50,000 events are counted at the most, the newest: whatever happened in the period before
    this is not."""

    items: Sequence[AuditEventCount]
    failing_addresses: Sequence[AuditFailureCount]
    """Where the most has failed from, ten of them."""

    failing_actors: Sequence[AuditFailingActor]
    """By whom the most has failed."""


async def count_audit_events(
    call: Call[AuditStatisticsQuery, Nothing],
) -> Answer[AuditStatistics]:
    """Count what has happened, hour by hour."""
    to = call.query.to or call.parts.clock()
    found = await statistics.of_period(call.query.since or to - _USUAL, to)
    now = call.parts.clock()
    await audit_views.note(call.caller.actor, {"statistics": True}, now=now)
    return Answer(
        AuditStatistics(
            counted_since=found.counted_since,
            items=[told(each, AuditEventCount) for each in found.counts],
            failing_addresses=[told(each, AuditFailureCount) for each in found.failing_addresses],
            failing_actors=[told(each, AuditFailingActor) for each in found.failing_actors],
        )
    )


OPERATIONS = [
    operation(HTTPMethod.GET, "/audit-statistics", count_audit_events, scope=Scope.AUDIT_READ)
]
