"""How plans begin, change and end, and how a tenant is given one."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.provisioning.limits import check_limits
from authgate.provisioning.tenants import tenant_changed
from authgate_tenants import Plan, Tenant, plans, use_tenant
from authgate_tenants.plans import UnknownPlan


async def put_plan(parts: Installation, plan: Plan, *, actor: Actor = SYSTEM) -> None:
    """Make a plan, or change it for all tenants that have it: within five seconds.

    Outside of any tenant. Raises ``BadPlanName``, ``TooManyPlans`` and ``BadLimit``.
    """
    check_limits(plan.limits)
    former = await _held(plan.name)
    async with storage.transaction():
        await plans.put(plan)
    told = {"was": asdict(former) if former else None, "is": asdict(plan)}
    await _record(parts, Event.PLAN_CHANGED, plan.name, actor, told)


async def remove_plan(parts: Installation, name: str, *, actor: Actor = SYSTEM) -> None:
    """Remove a plan that no tenant has; a built-in one is as it was.

    Outside of any tenant. Raises ``UnknownPlan`` and ``PlanInUse``.
    """
    former = await plans.find(name)
    async with storage.transaction():
        await plans.remove(name)
    await _record(parts, Event.PLAN_REMOVED, name, actor, {"was": asdict(former)})


async def _held(name: str) -> Plan | None:
    try:
        return await plans.find(name)
    except UnknownPlan:
        return None


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
