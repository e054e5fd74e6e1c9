"""``/admin/audit/statistics``: how much of what has happened, with the way to each of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.audit_search import AuditSearch
from authgate.admin.console.frame import ROOT, Console, with_query
from authgate.permissions import Area, reads
from authgate.provisioning import audit_views, overviews
from authgate.provisioning.overviews import Span
from authgate.storage.audit import statistics
from authgate.storage.audit.statistics import (
    EventCount,
    FailingActor,
    FailureCount,
    Statistics,
)
from authgate.storage.metering.periods import Period, today
from authgate.vocabulary import Severity
from authgate.web import usage_chart
from authgate.web.audit_view_models import AuditCount, AuditLink, AuditStatisticsPage
from authgate.web.console_view_models import FilterLink
from authgate.web.usage_view_models import UsageChart

PATH = "/audit/statistics"
_SPANS = (Span.DAY, Span.WEEK, Span.MONTH)
_TYPES = 40
"""Types of events that are listed, the most frequent first."""


class AuditStatisticsPages:
    """Charts of the audit log."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("audit-statistics")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.AUDIT))
        return routes.blueprint

    async def show(self) -> Response:
        """What happened within a while."""
        now, span = self._console.now(), _asked()
        steps = _steps(span, now)
        since = overviews.beginning(steps[0])
        found = await statistics.of_period(since, now)
        await audit_views.note(actor(), {"statistics": True}, now=now)
        lately = _Lately(max(since, found.counted_since))
        content = AuditStatisticsPage(
            frame=await self._console.frame(),
            spans=[FilterLink(each, _url(each), current=each is span) for each in _SPANS],
            figures=lately.figures(found.counts),
            chart=_chart(found, steps, now),
            types=lately.types(found.counts),
            addresses=lately.failing_addresses(found.failing_addresses),
            actors=lately.failing_actors(found.failing_actors),
            counted_since=found.counted_since if found.counted_since > since else None,
        )
        return self._console.show("audit_statistics.html", content)


class _Lately:
    """Lists of the events that are counted: since a moment, which is a day's beginning or not."""

    def __init__(self, since: datetime) -> None:
        day = since.date()
        moment = since.isoformat().replace("+00:00", "Z")
        is_midnight = since == overviews.beginning(day)
        self._since = {"since": day.isoformat()} if is_midnight else {"from": moment}

    def _link(self, text: str, **what: str) -> AuditLink:
        return AuditLink(text, AuditSearch.read({}).url(**self._since, **what))

    def figures(self, counts: Sequence[EventCount]) -> list[AuditCount]:
        """All of them, those that failed, and those that deserve a look."""
        bad = {each: {"severity": each.value} for each in (Severity.WARNING, Severity.CRITICAL)}
        return [
            AuditCount(self._link("all"), _total(counts)),
            AuditCount(self._link("failed", result="failed"), _failed(counts)),
            *(
                AuditCount(
                    self._link(each, **what), _total(it for it in counts if it.severity == each)
                )
                for each, what in bad.items()
            ),
        ]

    def types(self, counts: Sequence[EventCount]) -> list[AuditCount]:
        """The most frequent types, with how many of each have failed."""
        sums, failed = Counter[str](), Counter[str]()
        for each in counts:
            sums[each.event_type] += each.total
            failed[each.event_type] += 0 if each.success else each.total
        return [
            AuditCount(
                self._link(kind, type=kind),
                total,
                AuditLink(str(failed[kind]), self._link("", type=kind, result="failed").url),
                failed[kind],
            )
            for kind, total in sorted(sums.items(), key=lambda it: (-it[1], it[0]))[:_TYPES]
        ]

    def failing_addresses(self, found: Sequence[FailureCount]) -> list[AuditCount]:
        """Where the most has failed."""
        return [
            AuditCount(self._link(each.value, ip=each.value, result="failed"), each.total)
            for each in found
        ]

    def failing_actors(self, found: Sequence[FailingActor]) -> list[AuditCount]:
        """By whom the most has failed."""
        return [
            AuditCount(self._link(each.value, **_by(each), result="failed"), each.total)
            for each in found
        ]


def _by(each: FailingActor) -> dict[str, str]:
    if each.actor_id:
        return {"actor_type": each.actor_type, "actor": each.actor_id}
    return {"search": each.value}  # no more is known of them than what they said


def _asked() -> Span:
    said = request.args.get("span", "")
    return Span(said) if said in _SPANS else Span.WEEK


def _url(span: Span) -> str:
    return with_query(frame.url(PATH), "" if span is Span.WEEK else f"span={span}")


def _steps(span: Span, now: datetime) -> Sequence[date]:
    """The hours of a day, or the days, up to now."""
    if span is Span.DAY:
        return overviews.last_hours(now)
    return Period(today(now) - timedelta(days=span.days - 1), today(now)).days


def _chart(found: Statistics, steps: Sequence[date], now: datetime) -> UsageChart | None:
    by_hour = isinstance(steps[0], datetime)
    sums: dict[bool, Counter[date]] = {True: Counter(), False: Counter()}
    for each in found.counts:
        sums[each.success][each.hour if by_hour else each.hour.date()] += each.total
    series = {"succeeded": sums[True], "failed": sums[False]}
    chart = usage_chart.over(steps, series, now, colours=(1, 3))
    return chart if chart.total else None


def _total(counts: Iterable[EventCount]) -> int:
    return sum(each.total for each in counts)


def _failed(counts: Iterable[EventCount]) -> int:
    return _total(each for each in counts if not each.success)
