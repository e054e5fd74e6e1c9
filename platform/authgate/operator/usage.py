"""``/tenants/{tenant_id}/usage``: how much of the installation a tenant uses."""

from collections.abc import Sequence
from datetime import date, datetime
from http import HTTPMethod
from typing import Annotated

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.operator import acts, tenants
from authgate.tokens.operator_scopes import Scope


class UseQuery(Document):
    """Of which days."""

    days: Annotated[int, Field(ge=1, le=366)] = 30
    """So many days up to today (UTC)."""


class DayDocument(Document):
    """What a day came to."""

    model_config = exemplified(day="2026-03-02", tokens=2400)

    day: date
    """UTC."""

    tokens: int
    """Access tokens that were issued."""


class UseDocument(Document):
    """What a tenant uses, day by day; days of which there is nothing to tell are left out."""

    model_config = exemplified(counted_until="2026-03-02T09:12:44Z", tokens=0, days=[])

    counted_until: datetime
    """Whatever was issued before this is counted, each token once."""

    tokens: int
    """On all of these days."""

    days: Sequence[DayDocument]


async def read_tenant_usage(call: Call[UseQuery, Nothing]) -> Answer[UseDocument]:
    """Read what a tenant uses, by figures that are added up already."""
    tenant = await tenants.found(call)
    use = await acts.usage(tenant, days=call.query.days, now=call.parts.clock())
    days = [DayDocument(day=day, tokens=tokens) for day, tokens in use.by_day.items()]
    return Answer(UseDocument(counted_until=use.until, tokens=use.tokens, days=days))


_ONE = "/tenants/{tenant_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, f"{_ONE}/usage", read_tenant_usage, scope=Scope.TENANTS_READ),
]
