"""``/operator/tenants/<id>/access``: how an operator comes into a tenant, and who was there."""

from collections.abc import Mapping
from datetime import timedelta

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.languages import text
from authgate.operator import acts
from authgate.operator.console import frame
from authgate.operator.console.frame import OperatorConsole, done
from authgate.operator.console.tenant_search import PATH
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, UserRole, permits, reads, writes
from authgate.provisioning.operator_accesses import ROLES, UnfitAccess, UnknownAccess, Wanted
from authgate.storage.people.operator_accesses import LONGEST_REASON, Access
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.operator_view_models import AskedFields, TenantAccessPage, TenantEntryPage
from authgate.web.team_view_models import AccessLine
from authgate_tenants import Tenant

_HERE = f"{CONSOLE}{PATH}/<row_id>/access"
_ONE = f"{_HERE}/<access_id>"
_HOURS = range(1, 9)


class AccessPages:
    """What an operator asks a tenant for, and the door that is opened then."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("access")
        routes.get(_HERE, self.show, reads(OperatorArea.ACCESS))
        routes.post(_HERE, self.ask, writes(OperatorArea.ACCESS))
        routes.post(f"{_ONE}/enter", self.enter, writes(OperatorArea.ACCESS))
        routes.post(f"{_ONE}/end", self.end, writes(OperatorArea.ACCESS))
        return routes.blueprint

    async def show(self, row_id: str) -> Response:
        """Who has asked, and the form."""
        return await self._page(await self._console.tenant(row_id), AskedFields())

    async def ask(self, row_id: str) -> Response:
        """Ask those in charge of the tenant, or state an emergency."""
        tenant = await self._console.tenant(row_id)
        self._console.require_recent_sign_in(f"{CONSOLE}{_path(tenant)}")
        fields = _typed(await request.form)
        if not fields.reason:
            return await self._page(tenant, fields, faults={"reason": text("It has to be there.")})
        try:
            access = await acts.ask(self._console.parts, tenant, _wanted(fields))
        except UnfitAccess as error:
            return await self._page(tenant, fields, fault=str(error))
        return done(_path(tenant), Done.ACCESS_OPEN if access.begins_at else Done.ACCESS_ASKED)

    async def enter(self, row_id: str, access_id: str) -> Response:
        """Open the door, and show where it is: it is another tenant's, maybe at another host."""
        tenant = await self._console.tenant(row_id)
        self._console.require_recent_sign_in(f"{CONSOLE}{_path(tenant)}")
        try:
            url = await acts.open_door(
                self._console.parts,
                tenant,
                row_ids.read(access_id),
                operator_id=signed_in().user.id,
                by=actor(),
            )
        except UnfitAccess:
            return done(_path(tenant), Done.NOTHING)
        except (ValueError, UnknownAccess) as error:
            raise NotFound from error
        content = TenantEntryPage(
            frame=self._console.frame(),
            name=tenant.name,
            tenant_url=_url(tenant),
            back_url=frame.url(_path(tenant)),
            entry_url=url,
        )
        return self._console.show("tenant_entry.html", content)

    async def end(self, row_id: str, access_id: str) -> Response:
        """Be there no longer, or take back that it was asked for."""
        tenant = await self._console.tenant(row_id)
        try:
            await acts.end_access(self._console.parts, tenant, row_ids.read(access_id), by=actor())
        except UnfitAccess:
            return done(_path(tenant), Done.NOTHING)
        except (ValueError, UnknownAccess) as error:
            raise NotFound from error
        return done(_path(tenant), Done.OPERATOR_GONE)

    async def _page(
        self,
        tenant: Tenant,
        fields: AskedFields,
        *,
        faults: Mapping[str, str] | None = None,
        fault: str = "",
    ) -> Response:
        content = TenantAccessPage(
            frame=self._console.frame(),
            name=tenant.name,
            tenant_url=_url(tenant),
            action=frame.url(_path(tenant)),
            announced=tenant.settings.operator_access == "announced",
            served=tenant.is_served and not tenant.operates,
            accesses=[self._line(tenant, each) for each in await acts.accesses(tenant)],
            roles=ROLES,
            hours=_HOURS,
            fields=fields,
            faults=faults or {},
            fault=fault,
        )
        status = 409 if fault else 422 if faults else 200
        return self._console.show("tenant_access.html", content, status)

    def _line(self, tenant: Tenant, access: Access) -> AccessLine:
        now, user = self._console.now(), signed_in().user
        here = frame.url(f"{_path(tenant)}/{access.id}")
        changes = permits(user.role, writes(OperatorArea.ACCESS))
        enters = changes and access.operator_id == user.id and access.is_open(now)
        return AccessLine.of(
            access,
            now,
            enter_action=f"{here}/enter" if enters else "",
            end_action=f"{here}/end" if changes and access.is_pending(now) else "",
        )


def _path(tenant: Tenant) -> str:
    return f"{PATH}/{tenant.id}/access"


def _url(tenant: Tenant) -> str:
    return frame.url(f"{PATH}/{tenant.id}")


def _typed(form: Mapping[str, str]) -> AskedFields:
    role, hours = form.get("role", ""), form.get("hours", "")
    return AskedFields(
        role=UserRole(role) if role in set(ROLES) else UserRole.AUDITOR,
        reason=form.get("reason", "").replace("\0", "").strip()[:LONGEST_REASON],
        hours=int(hours) if hours in {str(each) for each in _HOURS} else _HOURS[0],
        emergency=form.get("emergency") == "1",
    )


def _wanted(fields: AskedFields) -> Wanted:
    user = signed_in().user
    return Wanted(
        operator_id=user.id,
        operator_name=user.username,
        role=fields.role,
        reason=fields.reason,
        lasts=timedelta(hours=fields.hours),
        emergency=fields.emergency,
    )
