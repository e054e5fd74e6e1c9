"""``/overview``: what all tenants together come to, by what is added up for each day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from http import HTTPMethod
from typing import Final
from uuid import UUID

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.installation import Installation
from authgate.provisioning.overviews import TOLD, Change
from authgate.storage.metering import installation_days
from authgate.storage.metering.installation_days import Day
from authgate.storage.metering.periods import Period, today
from authgate.storage.metering.usage_days import Measure
from authgate.storage.sweep import installation_sums
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import TenantStatus, directory
from authgate_tenants.directory import Listed

_DAYS_KEPT_UP: Final = 180
"""As many days are looked at again, one after the other, for what was added up late."""

_AT_ONCE: Final = 10
"""Days that were never added up, of which one run takes as many."""


class OperatorSpan(StrEnum):
    """How much of the past is told: whole days, up to yesterday."""

    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def days(self) -> int:
        """As many days."""
        return int(self.removesuffix("d"))


@dataclass(frozen=True, slots=True)
class InstallationOverview:
    """What all tenants together come to."""

    span: OperatorSpan
    counted_at: datetime | None
    """When the newest of it was added up; ``None`` where nothing was yet."""
    changes: Sequence[Change]
    new_tenants: tuple[int, int]
    """And as long before."""
    tenants: Mapping[TenantStatus, int]
    steps: Sequence[date]
    sums: Mapping[Measure, Mapping[date, int]]
    newest: Day | None
    """The last day that is over, as far as it is added up."""
    named: Mapping[UUID, Listed]
    """The tenants of which that one tells."""


async def add_up(parts: Installation) -> None:
    """Add up for all tenants together what today and yesterday come to by now, and a day that was
    looked at longest ago."""
    now, last = parts.clock(), today(parts.clock())
    before = [last - timedelta(days=each) for each in range(2, _DAYS_KEPT_UP)]
    older = await installation_days.stale(before, most=_AT_ONCE)
    days = (last, last - timedelta(days=1), *older)
    for each in await installation_sums.of_days(parts.settings.database, days, now=now):
        await installation_days.keep(each)


async def read(span: OperatorSpan, *, now: datetime) -> InstallationOverview:
    """Of the whole days up to yesterday, beside as many before them."""
    yesterday = today(now) - timedelta(days=1)
    period = Period(yesterday - timedelta(days=span.days - 1), yesterday)
    found = await installation_days.between(period.before.first, today(now))
    sums: dict[Measure, Counter[date]] = {each: Counter() for each in TOLD}
    new: Counter[date] = Counter()
    for each in found:
        new[each.day] = each.new_tenants
        for measure in TOLD:
            sums[measure][each.day] = each.sums.get(measure, 0)
    newest = next((each for each in reversed(found) if each.day <= yesterday), None)
    named = _named(newest) if newest else frozenset()
    return InstallationOverview(
        span=span,
        counted_at=found[-1].counted_at if found else None,
        changes=[_change(each, sums[each], period) for each in TOLD],
        new_tenants=(_total(new, period.days), _total(new, period.before.days)),
        tenants=found[-1].tenants if found else {},
        steps=period.days,
        sums=sums,
        newest=newest,
        named={each.id: each for each in await directory.found(named)},
    )


def _change(measure: Measure, sums: Mapping[date, int], period: Period) -> Change:
    total, before = (_total(sums, some.days) for some in (period, period.before))
    if measure is Measure.ACTIVE_USERS:
        total, before = (round(each / len(period.days)) for each in (total, before))
    return Change(measure, total, before)


def _named(day: Day) -> frozenset[UUID]:
    busiest = (each.tenant_id for each in day.busiest)
    return frozenset(busiest) | {each.tenant_id for each in day.failing}


def _total(sums: Mapping[date, int], days: Iterable[date]) -> int:
    return sum(sums.get(each, 0) for each in days)


class OverviewQuery(Document):
    """How much of the past is asked for."""

    span: OperatorSpan = OperatorSpan.MONTH
    """Whole days by UTC, up to yesterday."""


class FigureDocument(Document):
    """What one kind comes to at all tenants together."""

    model_config = exemplified(measure="sign_ins", total=27100, before=24560)

    measure: Measure
    """Of `active_users` how many there are a day; of what else there was, all of it."""

    total: int
    before: int
    """Within as long before."""


class BusyDocument(Document):
    """A tenant that has done much."""

    model_config = exemplified(
        tenant_id="0197a3b2-6c1e-7d40-8f52-3b9d5e6a7c81", slug="acme", total=2400
    )

    tenant_id: UUID
    slug: str
    total: int
    """Tokens and sign-ins."""


class FailingDocument(Document):
    """A tenant where much has failed."""

    model_config = exemplified(
        tenant_id="0197a3b2-6c1e-7d40-8f52-3b9d5e6a7c81", slug="acme", failed=120, attempts=300
    )

    tenant_id: UUID
    slug: str
    failed: int
    attempts: int


class OverviewDocument(Document):
    """What all tenants together come to."""

    span: OperatorSpan
    counted_at: datetime | None
    """When it was added up last; `null` where it was not yet."""

    tenants: Mapping[TenantStatus, int]
    """How many there were then, by status."""

    new_tenants: int
    new_tenants_before: int
    tenants_behind: int
    """Of so many the last day that is over is not all added up: it comes to more."""

    figures: Sequence[FigureDocument]
    busiest: Sequence[BusyDocument]
    """On the last day that is over: ten of them."""

    failing: Sequence[FailingDocument]
    """On that day more than twenty, and a fifth of what was tried: ten of them."""


async def read_overview(call: Call[OverviewQuery, Nothing]) -> Answer[OverviewDocument]:
    """Read what all tenants together come to.

    By figures that are added up already: tenants of which nobody asks are added up within hours
    of a day's end.
    """
    found = await read(call.query.span, now=call.parts.clock())
    newest, named = found.newest, found.named
    return Answer(
        OverviewDocument(
            span=found.span,
            counted_at=found.counted_at,
            tenants=found.tenants,
            new_tenants=found.new_tenants[0],
            new_tenants_before=found.new_tenants[1],
            tenants_behind=newest.behind if newest else 0,
            figures=[FigureDocument(**each._asdict()) for each in found.changes],
            busiest=[
                BusyDocument(**each._asdict(), slug=named[each.tenant_id].slug)
                for each in (newest.busiest if newest else ())
                if each.tenant_id in named
            ],
            failing=[
                FailingDocument(**each._asdict(), slug=named[each.tenant_id].slug)
                for each in (newest.failing if newest else ())
                if each.tenant_id in named
            ],
        )
    )


OPERATIONS = [operation(HTTPMethod.GET, "/overview", read_overview, scope=Scope.TENANTS_READ)]
