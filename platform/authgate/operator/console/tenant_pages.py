"""``/operator/tenants/<id>``: one tenant from outside, its name, and whether it is served."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.standing import actor
from authgate.operator import acts
from authgate.operator.console import deletion_lines, frame, health_lines
from authgate.operator.console.frame import OperatorConsole, done
from authgate.operator.console.tenant_search import PATH
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, reads, writes
from authgate.provisioning import UnfitTenant
from authgate.provisioning.deletions import NotConfirmed, TooLate, UnfitDeletion
from authgate.storage.metering.periods import Period
from authgate.storage.tenants import deleted
from authgate.web import usage_chart
from authgate.web.console_view_models import Done
from authgate.web.operator_view_models import OperatedTenantPage, TenantConfirmPage
from authgate_tenants import Tenant, TenantStatus, current_tenant, directory, plans
from authgate_tenants.deletions import UnknownDeletion
from authgate_tenants.plans import UnknownPlan

_ONE = f"{CONSOLE}{PATH}/<row_id>"
_LONGEST_NAME = 100


class TenantPages:
    """One tenant."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("tenant")
        changes = writes(OperatorArea.TENANTS)
        routes.get(_ONE, self.show, reads(OperatorArea.TENANTS))
        routes.post(f"{_ONE}/name", self.rename, changes)
        routes.post(f"{_ONE}/plan", self.give_plan, changes)
        routes.get(f"{_ONE}/suspend", self.ask_to_suspend, changes)
        routes.post(f"{_ONE}/suspend", self.suspend, changes)
        routes.post(f"{_ONE}/resume", self.resume, changes)
        routes.get(f"{_ONE}/delete", self.ask_to_delete, changes)
        routes.post(f"{_ONE}/delete", self.delete, changes)
        routes.post(f"{_ONE}/restore", self.restore, changes)
        return routes.blueprint

    async def show(self, row_id: str) -> Response:
        """What there is to know of it, and what can be done."""
        return await self._show(await self._console.tenant(row_id))

    async def rename(self, row_id: str) -> Response:
        """Give it another name for people."""
        tenant = await self._console.tenant(row_id)
        name: str = (await request.form).get("name", "").replace("\0", "").strip()[:_LONGEST_NAME]
        if not name or name == tenant.name:
            return done(_path(tenant), Done.NOTHING)

        async def typed() -> str:
            return name

        await acts.rename(self._console.parts, tenant, typed, by=actor())
        return done(_path(tenant), Done.TENANT_RENAMED)

    async def give_plan(self, row_id: str) -> Response:
        """Give it another plan."""
        tenant, form = await self._console.tenant(row_id), await request.form
        try:
            await acts.give_plan(self._console.parts, tenant, form.get("plan", ""), by=actor())
        except UnknownPlan:
            return done(_path(tenant), Done.NOTHING)
        return done(_path(tenant), Done.TENANT_PLANNED)

    async def ask_to_suspend(self, row_id: str) -> Response:
        """Whether it is meant."""
        return self._confirm(await self._console.tenant(row_id), deletes=False)

    async def suspend(self, row_id: str) -> Response:
        """Serve it no longer, where its slug was typed."""
        tenant = await self._recently(row_id)
        if (await request.form).get("slug", "").strip() != tenant.slug:
            return self._confirm(tenant, deletes=False, mistyped=True)
        try:
            await acts.become(self._console.parts, tenant, TenantStatus.SUSPENDED, by=actor())
        except UnfitTenant as error:
            return self._confirm(tenant, deletes=False, fault=str(error))
        return done(_path(tenant), Done.TENANT_SUSPENDED)

    async def resume(self, row_id: str) -> Response:
        """Serve it again."""
        tenant = await self._console.tenant(row_id)
        try:
            await acts.become(self._console.parts, tenant, TenantStatus.ACTIVE, by=actor())
        except UnfitTenant as error:
            return await self._show(tenant, fault=str(error))
        return done(_path(tenant), Done.TENANT_RESUMED)

    async def ask_to_delete(self, row_id: str) -> Response:
        """Whether it is meant."""
        return self._confirm(await self._console.tenant(row_id), deletes=True)

    async def delete(self, row_id: str) -> Response:
        """Let it end, where its slug was typed."""
        tenant = await self._recently(row_id)
        typed = (await request.form).get("slug", "").strip()
        try:
            await acts.request_deletion(self._console.parts, tenant, confirmation=typed, by=actor())
        except NotConfirmed:
            return self._confirm(tenant, deletes=True, mistyped=True)
        except UnfitDeletion as error:
            return self._confirm(tenant, deletes=True, fault=str(error))
        return done(_path(tenant), Done.TENANT_DELETING)

    async def restore(self, row_id: str) -> Response:
        """Make it what it was before."""
        tenant = await self._console.tenant(row_id)
        try:
            await acts.restore(self._console.parts, tenant, by=actor())
        except (UnknownDeletion, TooLate):
            return done(_path(tenant), Done.NOTHING)
        return done(_path(tenant), Done.TENANT_RESTORED)

    async def _recently(self, row_id: str) -> Tenant:
        """The tenant, for who has signed in lately. Raises ``SignInAgain`` and ``NotFound``."""
        tenant = await self._console.tenant(row_id)
        self._console.require_recent_sign_in(f"{CONSOLE}{_path(tenant)}")
        return tenant

    async def _show(self, tenant: Tenant, *, fault: str = "") -> Response:
        listed = await directory.find(tenant.id)
        if listed is None:
            raise NotFound
        hosts = await directory.hosts([tenant.id])
        deletion = await deleted.of_tenant(tenant.id)
        here, now = frame.url(_path(tenant)), self._console.now()
        period = Period.of(None, None, now=now)
        use = await acts.usage(tenant, Period(period.before.first, period.last), now=now)
        content = OperatedTenantPage(
            frame=self._console.frame(),
            id=str(tenant.id),
            slug=listed.slug,
            name=listed.name,
            status=listed.status,
            issuer=tenant.issuer,
            hosts=hosts.get(tenant.id, []),
            created_at=listed.created_at,
            updated_at=listed.updated_at,
            plan=listed.plan,
            plans=[each.name for each in await plans.every()],
            plan_action=f"{here}/plan",
            counted_until=use.until,
            health=health_lines.line(await acts.health(tenant, now=now), now),
            figures=usage_chart.figures(use.counts, period),
            charts=usage_chart.charts(use.counts, period),
            own=tenant.id == current_tenant().id,
            rename_action=f"{here}/name",
            suspend_url=f"{here}/suspend",
            resume_action=f"{here}/resume",
            delete_url=f"{here}/delete",
            restore_action=f"{here}/restore",
            access_url="" if tenant.operates else f"{here}/access",
            deletion=deletion_lines.line(deletion) if deletion else None,
            fault=fault,
        )
        return self._console.show("tenant.html", content, 409 if fault else 200)

    def _confirm(
        self, tenant: Tenant, *, deletes: bool, mistyped: bool = False, fault: str = ""
    ) -> Response:
        here = frame.url(_path(tenant))
        content = TenantConfirmPage(
            frame=self._console.frame(),
            slug=tenant.slug,
            name=tenant.name,
            deletes=deletes,
            action=f"{here}/{'delete' if deletes else 'suspend'}",
            cancel_url=here,
            days=self._console.parts.settings.tenant_deletion_days,
            mistyped=mistyped,
            fault=fault,
        )
        status = 409 if fault else 422 if mistyped else 200
        return self._console.show("tenant_confirm.html", content, status)


def _path(tenant: Tenant) -> str:
    return f"{PATH}/{tenant.id}"
