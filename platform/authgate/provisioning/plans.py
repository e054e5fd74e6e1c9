"""How plans begin, change and end, and how a tenant is given one."""

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.provisioning.limits import check_limits
from authgate.provisioning.tenants import tenant_changed
from authgate_tenants import Plan, Tenant, plans, use_tenant


async def put_plan(plan: Plan) -> None:
    """Make a plan, or change it for all tenants that have it: within five seconds.

    Outside of any tenant. Raises ``BadPlanName``, ``TooManyPlans`` and ``BadLimit``.
    """
    check_limits(plan.limits)
    async with storage.transaction():
        await plans.put(plan)


async def remove_plan(name: str) -> None:
    """Remove a plan that no tenant has; a built-in one is as it was.

    Outside of any tenant. Raises ``UnknownPlan`` and ``PlanInUse``.
    """
    async with storage.transaction():
        await plans.remove(name)


async def give_plan(
    parts: Installation, tenant: Tenant, name: str, *, actor: Actor = SYSTEM
) -> None:
    """Give a tenant another plan; every process knows within a second. Raises ``UnknownPlan``.

    What it has beyond the plan stays: there is only no more of it.
    """
    with use_tenant(tenant):
        async with storage.transaction():
            former = await plans.assign(tenant.id, name)
            if former == name:
                return
            await audit.record(
                Event.TENANT_PLAN_CHANGED,
                actor=actor,
                resource=("tenant", str(tenant.id)),
                details={"was": former, "is": name},
            )
            await tenant_changed(parts, tenant)
