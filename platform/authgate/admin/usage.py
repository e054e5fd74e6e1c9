"""``/usage``: what the tenant uses, day by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPMethod
from typing import Annotated

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.usage_periods import PeriodQuery, period
from authgate.storage.clients import ids
from authgate.storage.metering import periods, roll_up
from authgate.storage.metering.usage_days import ALL_CLIENTS, USED, Measure
from authgate.storage.tenants import plan_use
from authgate.storage.tenants.quotas import Quota
from authgate.tokens.admin_scopes import Scope
from authgate.web.limits import limits_in_force
from authgate_tenants import current_tenant


class UsageQuery(Document):
    """Of which days, and of which client."""

    days: Annotated[int, Field(ge=1, le=periods.LONGEST)] = 30
    """So many days up to today (UTC)."""

    client_id: Annotated[str, Field(min_length=1, max_length=ids.LONGEST)] | None = None
    """Of all clients together where it is left out."""


class TokenUsage(Document):
    """How many access tokens were issued on a day by a grant."""

    model_config = exemplified(day="2026-03-02", grant_type="client_credentials", tokens=2400)

    day: date
    """UTC."""

    grant_type: str
    tokens: int


class TokenUsageList(Document):
    """By day and grant; what there was none of is left out."""

    counted_until: datetime
    """Whatever was issued before this is counted, each token once."""

    items: Sequence[TokenUsage]


async def list_token_usage(call: Call[UsageQuery, Nothing]) -> Answer[TokenUsageList]:
    """Count access tokens by day and grant."""
    now = call.parts.clock()
    counted = await roll_up.tokens_by_day(
        since=periods.today(now) - timedelta(days=call.query.days - 1),
        client_id=call.query.client_id or ALL_CLIENTS,
        now=now,
    )
    items = [
        TokenUsage(day=each.day, grant_type=each.detail, tokens=each.total)
        for each in counted.counts
    ]
    return Answer(TokenUsageList(counted_until=counted.until, items=items))


class DayUsage(Document):
    """How much there was of one kind on a day."""

    model_config = exemplified(
        day="2026-03-02", measure="tokens", detail="client_credentials", total=2400
    )

    day: date
    """UTC."""

    measure: Measure
    """`tokens` that were issued, `sign_ins`, `active_users`, `api_calls` that were done."""

    detail: str
    """Of tokens the grant type, of sign-ins `password` or the connection, of calls which API."""

    total: int


class DayUsageList(Document):
    """By measure, day and detail; what there was none of is left out."""

    counted_until: datetime
    """Whatever was before this is counted, each once."""

    items: Sequence[DayUsage]


async def list_usage(call: Call[PeriodQuery, Nothing]) -> Answer[DayUsageList]:
    """List what was used, by day.

    Tokens, sign-ins, people who were active and calls of the APIs: 366 days at the most.
    """
    now = call.parts.clock()
    asked = period(call.query, now=now)
    found = await roll_up.by_day(USED, since=asked.first, to=asked.last, now=now)
    items = [
        DayUsage(day=each.day, measure=measure, detail=each.detail, total=each.total)
        for measure, each in found.each()
    ]
    return Answer(DayUsageList(counted_until=found.until, items=items))


class QuotaUse(Document):
    """How many there are of something that the plan counts."""

    model_config = exemplified(quota="clients", used=7, allowed=10)

    quota: Quota
    used: int
    allowed: int | None
    """`null` is as many as the tenant wants."""


class PlanUse(Document):
    """How much of its plan the tenant uses."""

    plan: str
    """The plan's name."""

    limits: Mapping[str, str]
    """The limits that hold, by their names: a rate, and how many may come at once."""

    items: Sequence[QuotaUse]


async def read_plan_use(call: Call[Nothing, Nothing]) -> Answer[PlanUse]:
    """Read how much of the plan is used."""
    used = await plan_use.of_everything(call.parts.clock())
    return Answer(
        PlanUse(
            plan=current_tenant().plan.name,
            limits=limits_in_force(call.parts.settings.limits, current_tenant()),
            items=[QuotaUse(**each._asdict()) for each in used],
        )
    )


OPERATIONS = [
    operation(HTTPMethod.GET, "/usage/days", list_usage, scope=Scope.USAGE_READ),
    operation(HTTPMethod.GET, "/usage/plan", read_plan_use, scope=Scope.USAGE_READ),
    operation(HTTPMethod.GET, "/usage/tokens", list_token_usage, scope=Scope.USAGE_READ),
]
