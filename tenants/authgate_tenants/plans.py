"""An installation's plans: a few are built in, and a row takes the place of one of its name."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from authgate_tenants.models import PlanRow, TenantRow
from authgate_tenants.plan import BUILT_IN, Plan, stored
from authgate_tenants.unfit import Unfit

MOST = 100
"""Plans that an installation may have made."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class BadPlanName(Unfit):
    """What cannot be the name of a plan."""


class UnknownPlan(LookupError):
    """The installation has no plan of this name."""


class PlanInUse(ValueError):
    """Tenants have the plan: it cannot go."""


class TooManyPlans(Unfit):
    """The installation has as many plans as it may."""


async def every() -> list[Plan]:
    """All plans, by their names."""
    made = [stored(row.name, row.choices) for row in await PlanRow.all().limit(MOST)]
    known = {**BUILT_IN, **{plan.name: plan for plan in made}}
    return [known[name] for name in sorted(known)]


async def find(name: str) -> Plan:
    """The plan of this name. Raises ``UnknownPlan``."""
    row = await PlanRow.get_or_none(name=name)
    if row is None and name not in BUILT_IN:
        raise UnknownPlan(name)
    return stored(name, row.choices if row else None)


async def held(name: str) -> Plan:
    """The plan of a tenant that has the one of this name, as it is now: the default one where that
    is gone."""
    row = await PlanRow.get_or_none(name=name)
    return stored(name, row.choices if row else None)


async def put(plan: Plan) -> None:
    """Make a plan, or change the one of its name. Raises ``BadPlanName`` and ``TooManyPlans``."""
    if not _NAME.match(plan.name):
        raise BadPlanName("%(slug)r is not 1 to 63 of a-z, 0-9 and inner dashes.", slug=plan.name)
    if await PlanRow.exclude(name=plan.name).count() >= MOST:
        raise TooManyPlans("There are %(most)s plans: remove one first.", most=MOST)
    await PlanRow.update_or_create(name=plan.name, defaults={"choices": _choices(plan)})


async def remove(name: str) -> None:
    """Remove a plan; a built-in one is then as it was. Raises ``UnknownPlan`` and ``PlanInUse``."""
    if name not in BUILT_IN and await TenantRow.filter(plan=name).exists():
        raise PlanInUse(name)
    if not await PlanRow.filter(name=name).delete():
        raise UnknownPlan(name)


async def assign(tenant_id: UUID, name: str) -> str:
    """Give a tenant this plan; which one it had. In a transaction. Raises ``UnknownPlan``."""
    await find(name)
    row = await TenantRow.filter(id=tenant_id).select_for_update().get()
    former, row.plan = row.plan, name
    await row.save(update_fields=["plan", "updated_at"])
    return former


def _choices(plan: Plan) -> Mapping[str, Any]:
    return {name: value for name, value in plan.to_json().items() if name != "name"}
