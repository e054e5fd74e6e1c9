"""``/plans``: how much of the installation tenants may use, and ``/tenants/{tenant_id}/plan``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from authgate import provisioning
from authgate.api import entity_tags
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation, written
from authgate.api.problems import Changed, Conflict, Fault, Invalid, NotFound
from authgate.operator import acts, tenants
from authgate.operator.crossing import across
from authgate.operator.places import BASE
from authgate.operator.tenants import TenantDocument
from authgate.provisioning.plans import Expected, PlanChanged
from authgate.storage.redis.rate_limits import BadLimit
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import Plan, current_tenant, plans
from authgate_tenants.plan import BUILT_IN, Most, Seconds
from authgate_tenants.plans import BadPlanName, PlanInUse, TooManyPlans, UnknownPlan

_Name = Annotated[str, Field(min_length=1, max_length=63)]
_EXAMPLE: dict[str, Any] = {
    **asdict(BUILT_IN["free"]),
    "name": "team",
    "clients": 50,
    "limits": {"requests_per_tenant": "300/s burst 900"},
}


class PlanChoices(Document):
    """What a plan allows; `null` is as much as a tenant wants."""

    clients: Most | None = None
    users: Most | None = None
    groups: Most | None = None
    monthly_active_users: Most | None = None
    """People who sign in within a calendar month (UTC)."""

    monthly_active_users_are_refused: bool = False
    """Whether more of them are refused; if not, the tenant's log tells of it."""

    longest_access_token: Seconds | None = None
    longest_refresh_token: Seconds | None = None
    longest_session: Seconds | None = None
    limits: Annotated[Mapping[str, str], Field(max_length=100)] = {}
    """Limits that differ from the installation's, by their names: `5/min burst 5`."""


class PlanCreation(PlanChoices):
    """A plan to be made, or to take the place of a built-in one."""

    model_config = exemplified(**_EXAMPLE)

    name: _Name
    """a-z, 0-9 and inner dashes. It never changes."""


class PlanDocument(PlanChoices):
    """How much of the installation a tenant may use."""

    model_config = exemplified(**_EXAMPLE, is_built_in=False)

    name: str
    is_built_in: bool
    """Whether it is there again when it is removed."""


class PlanList(Document):
    """Every plan, by its name; there are at most a hundred that somebody made."""

    items: Sequence[PlanDocument]


class PlanAssignment(Document):
    """Which plan a tenant is to have."""

    model_config = exemplified(plan="free")

    plan: _Name


async def list_plans(call: Call[Nothing, Nothing]) -> Answer[PlanList]:
    """List the plans."""
    del call
    return Answer(PlanList(items=[_document(each) for each in await plans.every()]))


async def create_plan(call: Call[Nothing, PlanCreation]) -> Answer[PlanDocument]:
    """Make a plan, or have one take the place of a built-in one."""
    name = call.body.name
    try:
        # What is only built in is nobody's yet.
        document = await _put(
            call, name, call.body, over=lambda was: was is None or was == BUILT_IN.get(name)
        )
    except Changed as error:
        raise Conflict("There is a plan of this name.") from error
    place = f"{current_tenant().issuer}{BASE}/plans/{name}"
    return Answer(document, ((b"location", place.encode("ascii")),))


async def read_plan(call: Call[Nothing, Nothing]) -> Answer[PlanDocument]:
    """Read a plan."""
    return Answer(await _named(call))


async def change_plan(call: Call[Nothing, MergePatch[PlanChoices]]) -> Answer[PlanDocument]:
    """Change a plan for all tenants that have it.

    It is in force everywhere within a second. What a tenant has beyond it stays.
    """
    before = await _named(call)
    call.refuse_if_changed(before)
    after = call.body.applied(PlanChoices(**before.model_dump(exclude={"name", "is_built_in"})))
    return Answer(await _put(call, before.name, after, over=_still(before)))


async def delete_plan(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a plan that no tenant has; a built-in one is as it was."""
    before = await _named(call)
    call.refuse_if_changed(before, required=False)
    with _refused():
        async with across():
            await provisioning.remove_plan(
                call.parts, before.name, was=_still(before), actor=call.caller.actor
            )
    return Answer(None)


async def give_plan(call: Call[Nothing, PlanAssignment]) -> Answer[TenantDocument]:
    """Give a tenant a plan.

    Every process knows within a second. What the tenant has beyond the plan stays.
    """
    tenant = await tenants.found(call)
    with _refused(at="/plan"):
        await acts.give_plan(call.parts, tenant, call.body.plan, by=call.caller.actor)
    return Answer(await tenants.document(call.parts, tenant.id))


def tag(plan: Plan) -> str:
    """Which state of a plan this is."""
    return entity_tags.of(written(_document(plan)))


def _still(before: PlanDocument) -> Expected:
    return lambda plan: plan is not None and _document(plan) == before


async def _put(
    call: Call[Any, Any], name: str, said: PlanChoices, *, over: Expected
) -> PlanDocument:
    plan = Plan(**{**said.model_dump(), "name": name})
    with _refused():
        async with across():
            await provisioning.put_plan(call.parts, plan, over=over, actor=call.caller.actor)
    return _document(plan)


async def _named(call: Call[Any, Any]) -> PlanDocument:
    try:
        return _document(await plans.find(call.path["plan"]))
    except UnknownPlan as error:
        raise NotFound from error


def _document(plan: Plan) -> PlanDocument:
    return PlanDocument(**asdict(plan), is_built_in=plan.name in BUILT_IN)


@contextmanager
def _refused(at: str = "/name") -> Iterator[None]:
    try:
        yield
    except BadPlanName as error:
        raise Invalid(faults=[Fault(str(error), pointer=at)]) from error
    except BadLimit as error:
        raise Invalid(faults=[Fault(str(error), pointer="/limits")]) from error
    except UnknownPlan as error:
        if at == "/plan":
            raise Invalid(faults=[Fault("There is no such plan.", pointer=at)]) from error
        # A built-in one that nobody has changed is as it was already.
        raise Conflict("It is as it was built in.") from error
    except PlanChanged as error:
        raise Changed from error
    except PlanInUse as error:
        raise Conflict("Tenants have the plan: give them another one first.") from error
    except TooManyPlans as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.TENANTS_READ, Scope.TENANTS_WRITE
_ONE = "/plans/{plan}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/plans", list_plans, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/plans",
        create_plan,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_plan, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_plan, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_plan,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
    operation(HTTPMethod.POST, "/tenants/{tenant_id}/plan", give_plan, scope=_WRITE),
]
