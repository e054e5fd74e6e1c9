"""``/tenants/{tenant_id}/usage`` and ``/usage``: how much of the installation tenants use."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from http import HTTPMethod
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation
from authgate.api.usage_periods import PeriodQuery, period
from authgate.operator import acts, listing, tenants
from authgate.storage.metering import periods
from authgate.storage.metering.periods import Period
from authgate.storage.metering.usage_days import USED, Measure
from authgate.tokens.operator_scopes import Scope
from authgate_tenants.directory import Listed, TenantFilter


class UseQuery(Document):
    """Of which days."""

    days: Annotated[int, Field(ge=1, le=periods.LONGEST)] = 30
    """So many days up to today (UTC)."""


class DayDocument(Document):
    """What a day came to."""

    model_config = exemplified(
        day="2026-03-02", tokens=2400, sign_ins=310, active_users=180, api_calls=95
    )

    day: date
    """UTC."""

    tokens: int
    """Access tokens that were issued."""

    sign_ins: int
    active_users: int
    """People who signed in, each once."""

    api_calls: int
    """Of the tenant's own APIs."""


class UseDocument(Document):
    """What a tenant uses, day by day; days of which there is nothing to tell are left out."""

    model_config = exemplified(
        counted_until="2026-03-02T09:12:44Z", tokens=0, sign_ins=0, api_calls=0, days=[]
    )

    counted_until: datetime
    """Whatever was before this is counted, each once."""

    tokens: int
    """On all of these days."""

    sign_ins: int
    api_calls: int
    days: Sequence[DayDocument]


async def read_tenant_usage(call: Call[UseQuery, Nothing]) -> Answer[UseDocument]:
    """Read what a tenant uses, by figures that are added up already."""
    tenant = await tenants.found(call)
    now = call.parts.clock()
    last = periods.today(now)
    days = Period(last - timedelta(days=call.query.days - 1), last)
    return Answer(UseDocument(**_told(await acts.usage(tenant, days, now=now))))


def _told(use: acts.Use) -> dict[str, Any]:
    days = [
        DayDocument(day=day, **{each.value: sums.get(each, 0) for each in USED})
        for day, sums in use.by_day.items()
    ]
    totals = {each.value: use.total(each) for each in (Measure.TOKENS, *_BESIDE)}
    return {"counted_until": use.until, "days": days, **totals}


class UsageQuery(PeriodQuery, ListQuery):
    """Of which days, UTC, both with them; the last thirty where nothing is said."""


class TenantUseDocument(UseDocument):
    """What one of the tenants uses."""

    model_config = exemplified(
        tenant_id="0197a3b2-6c1e-7d40-8f52-3b9d5e6a7c81",
        slug="acme",
        plan="business",
        counted_until="2026-03-02T09:12:44Z",
        tokens=0,
        sign_ins=0,
        api_calls=0,
        days=[],
    )

    tenant_id: UUID
    slug: str
    plan: str


class TenantUseList(ListDocument):
    """Some of the tenants, by slug."""

    items: Sequence[TenantUseDocument]


async def list_usage(call: Call[UsageQuery, Nothing]) -> Answer[TenantUseList]:
    """List what all tenants use, tenant by tenant, by figures that are added up already.

    To have all of it ask for one page after the other. What is of today may not be added up yet;
    `counted_until` says so.
    """
    wanted = period(call.query, now=call.parts.clock())
    cursor = await lists.opened(call)
    page = await listing.page(TenantFilter(), cursor=cursor, limit=call.query.limit)
    used = [await _of(call, each, wanted) for each in page.rows]
    found = TenantUseList(items=used, **await lists.beside(call, page))
    return Answer(found, lists.links(call, found))


async def _of(call: Call[UsageQuery, Nothing], listed: Listed, wanted: Period) -> TenantUseDocument:
    tenant = await call.parts.resolver.find_by_id(listed.id)
    # One that went meanwhile has used nothing that anybody could still tell.
    use = await acts.added_up(tenant, wanted) if tenant else acts.Use.nothing(call.parts.clock())
    return TenantUseDocument(tenant_id=listed.id, slug=listed.slug, plan=listed.plan, **_told(use))


_BESIDE = (Measure.SIGN_INS, Measure.API_CALLS)
_ONE = "/tenants/{tenant_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/usage", list_usage, scope=Scope.TENANTS_READ),
    operation(HTTPMethod.GET, f"{_ONE}/usage", read_tenant_usage, scope=Scope.TENANTS_READ),
]
