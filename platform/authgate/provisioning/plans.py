"""How plans begin, change and end, and how a tenant is given one."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import TENANTS, Installation
from authgate.provisioning.limits import check_limits
from authgate.provisioning.tenants import tenant_changed
from authgate.storage.tenants import plan_turns
from authgate_tenants import Plan, Tenant, plans, use_tenant
from authgate_tenants.plans import UnknownPlan

Expected = Callable[[Plan | None], bool]
"""Whether a plan still is what somebody has looked at; it is ``None`` where there is none."""


class PlanChanged(RuntimeError):
    """Somebody else has changed the plan meanwhile."""


def _anything(plan: Plan | None) -> bool:
    del plan
    return True


async def put_plan(
    parts: Installation, plan: Plan, *, over: Expected = _anything, actor: Actor = SYSTEM
) -> None:
    """Make a plan, or change it for all tenants that have it: within a second.

    Outside of any tenant. Raises ``BadPlanName``, ``TooManyPlans``, ``BadLimit``, and
    ``PlanChanged`` where it is to be put ``over`` another one than there is.
    """
    check_limits(plan.limits)
    async with storage.transaction():
        former = await _expected(plan.name, over)
        await plans.put(plan)
        await _changed(parts)
    told = {"was": asdict(former) if former else None, "is": asdict(plan)}
    await _record(parts, Event.PLAN_CHANGED, plan.name, actor, told)


async def remove_plan(
    parts: Installation, name: str, *, was: Expected = _anything, actor: Actor = SYSTEM
) -> None:
    """Remove a plan that no tenant has; a built-in one is as it was.

    Outside of any tenant. Raises ``UnknownPlan``, ``PlanInUse``, and ``PlanChanged`` where it is
    not what it ``was``.
    """
    async with storage.transaction():
        former = await _expected(name, was)
        await plans.remove(name)
        await _changed(parts)
    told = {"was": asdict(former) if former else None}
    await _record(parts, Event.PLAN_REMOVED, name, actor, told)


async def _expected(name: str, fits: Expected) -> Plan | None:
    """The plan as it is, and stays until the transaction changes it or ends."""
    await plan_turns.change()
    try:
        former = await plans.find(name)
    except UnknownPlan:
        former = None
    if not fits(former):
        raise PlanChanged(name)
    return former


async def _changed(parts: Installation) -> None:
    # All of them, though few have it: to find those would cost more than to read them again.
    await parts.invalidations.publish(TENANTS, None)


async def _record(
    parts: Installation, event: Event, name: str, actor: Actor, details: Mapping[str, Any]
) -> None:
    """In the operators' log, where there are operators: a plan is of no other tenant."""
    slug = parts.settings.operator_tenant
    operators = await parts.resolver.find(slug) if slug else None
    if operators is not None:
        with use_tenant(operators):
            await audit.record(event, actor=actor, resource=("plan", name), details=details)


async def give_plan(
    parts: Installation, tenant: Tenant, name: str, *, actor: Actor = SYSTEM
) -> str:
    """Give a tenant another plan; every process knows within a second. Which one it had. Raises
    ``UnknownPlan``.

    What it has beyond the plan stays: there is only no more of it.
    """
    with use_tenant(tenant):
        async with storage.transaction():
            await plan_turns.keep()
            former = await plans.assign(tenant.id, name)
            if former == name:
                return former
            await audit.record(
                Event.TENANT_PLAN_CHANGED,
                actor=actor,
                resource=("tenant", str(tenant.id)),
                details={"was": former, "is": name},
            )
            await tenant_changed(parts, tenant)
    return former
