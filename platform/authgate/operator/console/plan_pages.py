"""``/operator/plans``: how much of the installation tenants may use."""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.languages import text, told
from authgate.operator.console import frame, plan_fields
from authgate.operator.console.frame import OperatorConsole, done
from authgate.operator.console.plan_fields import Mistyped
from authgate.operator.crossing import across
from authgate.operator.places import CONSOLE
from authgate.operator.plans import tag
from authgate.permissions import OperatorArea, reads, writes
from authgate.provisioning.plans import Expected, PlanChanged
from authgate.storage.redis.rate_limits import BadLimit
from authgate.web.console_view_models import Done
from authgate.web.plan_view_models import PlanFields, PlanLine, PlanPage, PlansPage
from authgate_tenants import Plan, plans
from authgate_tenants.plan import BUILT_IN
from authgate_tenants.plans import BadPlanName, PlanInUse, TooManyPlans, UnknownPlan

_PATH = "/plans"
_HERE = f"{CONSOLE}{_PATH}"
_NEW = "new"
_CHANGED = text("Somebody else has changed the plan meanwhile: look at it again.")


class PlanPages:
    """The list, and the form for one of them."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("plans")
        changes = writes(OperatorArea.TENANTS)
        routes.get(_HERE, self.show, reads(OperatorArea.TENANTS))
        routes.get(f"{_HERE}/{_NEW}", self.begin, changes)
        routes.post(f"{_HERE}/{_NEW}", self.create, changes)
        routes.get(f"{_HERE}/<name>/edit", self.edit, changes)
        routes.post(f"{_HERE}/<name>/edit", self.change, changes)
        routes.post(f"{_HERE}/<name>/remove", self.remove, changes)
        return routes.blueprint

    async def show(self) -> Response:
        """All of them, by their names."""
        content = PlansPage(
            frame=self._console.frame(),
            plans=[_line(each) for each in await plans.every()],
            new_url=frame.url(f"{_PATH}/{_NEW}"),
        )
        return self._console.show("plans.html", content)

    async def begin(self) -> Response:
        """An empty form."""
        return self._form(PlanFields())

    async def create(self) -> Response:
        """A plan that was not there, or one that takes the place of a built-in one."""
        said = plan_fields.typed(await request.form)
        return await self._put(said, lambda was: was is None or was == BUILT_IN.get(said.name))

    async def edit(self, name: str) -> Response:
        """One of them."""
        found = await _found(name)
        return self._form(plan_fields.filled(found), over=found)

    async def change(self, name: str) -> Response:
        """Have it be so for all tenants that have it."""
        found, form = await _found(name), await request.form
        seen = form.get("seen", "")
        return await self._put(
            plan_fields.typed(form, name=name),
            lambda was: was is not None and tag(was) == seen,
            found,
        )

    async def remove(self, name: str) -> Response:
        """Have it be no more, or as it was built in."""
        found, seen = await _found(name), (await request.form).get("seen", "")
        try:
            async with across():
                await provisioning.remove_plan(
                    self._console.parts,
                    name,
                    was=lambda was: was is not None and tag(was) == seen,
                    actor=actor(),
                )
        except PlanInUse:
            return self._refused(found, text("Tenants have the plan: give them another one first."))
        except PlanChanged:
            return self._refused(found, _CHANGED)
        except UnknownPlan:
            return done(_PATH, Done.NOTHING)
        return done(_PATH, Done.PLAN_REMOVED)

    async def _put(self, said: PlanFields, over: Expected, shown: Plan | None = None) -> Response:
        try:
            plan = plan_fields.plan(said)
            async with across():
                await provisioning.put_plan(self._console.parts, plan, over=over, actor=actor())
        except Mistyped as error:
            return self._form(said, over=shown, faults=error.faults)
        except BadPlanName as error:
            return self._form(said, over=shown, faults={"name": told(error)})
        except BadLimit as error:
            return self._form(said, over=shown, faults={"limits": str(error)})
        except TooManyPlans as error:
            return self._form(said, over=shown, fault=told(error))
        except PlanChanged:
            fault = _CHANGED if shown else text("There is a plan of this name.")
            return self._form(said, over=shown, fault=fault)
        return done(_PATH, Done.PLAN_SAVED)

    def _refused(self, plan: Plan, fault: str) -> Response:
        return self._form(plan_fields.filled(plan), over=plan, fault=fault)

    def _form(
        self,
        said: PlanFields,
        *,
        over: Plan | None = None,
        faults: Mapping[str, str] | None = None,
        fault: str = "",
    ) -> Response:
        here = f"{_PATH}/{over.name}" if over else f"{_PATH}/{_NEW}"
        content = PlanPage(
            frame=self._console.frame(),
            name=over.name if over else "",
            is_built_in=over is not None and over.name in BUILT_IN,
            is_changed=over is not None and over != BUILT_IN.get(over.name),
            seen=tag(over) if over else "",
            action=frame.url(f"{here}/edit" if over else here),
            remove_action=frame.url(f"{here}/remove") if over else "",
            back_url=frame.url(_PATH),
            fields=said,
            faults=faults or {},
            fault=fault,
        )
        status = 422 if faults else 409 if fault else 200
        return self._console.show("plan.html", content, status)


def _line(plan: Plan) -> PlanLine:
    return PlanLine(
        name=plan.name,
        url=frame.url(f"{_PATH}/{plan.name}/edit"),
        is_built_in=plan == BUILT_IN.get(plan.name),
        clients=plan.clients,
        users=plan.users,
        groups=plan.groups,
        monthly_active_users=plan.monthly_active_users,
        limits=len(plan.limits),
    )


async def _found(name: str) -> Plan:
    """Raises ``NotFound``."""
    try:
        return await plans.find(name)
    except UnknownPlan as error:
        raise NotFound from error
