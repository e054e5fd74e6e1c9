"""``/admin/plugin-pages/…``: pages that plugins declare, drawn by the server.

A page is below the area that it is about, so that its routes ask for that as every other's do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import audit, storage
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame, plugin_fields
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import PLUGIN_PAGES, ROOT, Console, plugin_page_url
from authgate.audit import Event
from authgate.languages import by_plugin
from authgate.permissions import Area, reads, writes
from authgate.plugin_api import (
    ConnectorConfigError,
    ConsoleFacts,
    ConsoleFigures,
    ConsoleForm,
    ConsoleNotice,
    ConsolePart,
    ConsoleRequest,
    ConsoleTable,
    ConsoleText,
    config_fields,
)
from authgate.plugin_manager import NotConfigured, Outcome, PluginFailed
from authgate.plugin_manager.console import AREAS, PluginPage
from authgate.web.pages import language_read
from authgate.web.plugin_page_view_models import PageFault, PagePart, PluginConsolePage
from authgate_tenants import current_tenant

_KINDS: Mapping[type, str] = {
    ConsoleText: "text",
    ConsoleNotice: "notice",
    ConsoleFigures: "figures",
    ConsoleFacts: "facts",
    ConsoleTable: "table",
    ConsoleForm: "form",
}
_FAULTS = {Outcome.TOO_SLOW: PageFault.SLOW, Outcome.SUSPENDED: PageFault.RESTS}
_LONGEST_IN_LOG = 200
_PAGE = "<string(maxlength=40):plugin>/<string(maxlength=40):name>"

Drawn = Callable[..., Awaitable[Response]]


class _Refused(NamedTuple):
    """What was typed into a form, and why it cannot be."""

    form: ConsoleForm
    typed: Mapping[str, str]
    error: ConnectorConfigError


class PluginConsolePages:
    """The pages of the plugins that run for the tenant."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._pages = console.parts.plugins.console

    def blueprint(self) -> Blueprint:
        """The routes, for each area."""
        routes = self._console.routes("plugin-pages")
        for area in AREAS:
            rule = f"{ROOT}{PLUGIN_PAGES}/{area}/{_PAGE}"
            routes.get(rule, self._of(area, self.show), reads(Area(area)))
            routes.post(rule, self._of(area, self.act), writes(Area(area)))
        return routes.blueprint

    async def show(self, page: PluginPage) -> Response:
        """What the plugin says is on it."""
        parts, fault = await self._asked(page)
        return await self._drawn(page, parts, fault=fault)

    async def act(self, page: PluginPage) -> Response:
        """Hand the plugin what was sent by one of its forms, and show what it says to that."""
        refuse_guest()
        typed = await request.form
        parts, fault = await self._asked(page)
        form = next(
            (
                each
                for each in parts
                if isinstance(each, ConsoleForm) and each.action == typed.get("action")
            ),
            None,
        )
        if form is None:
            return await self._drawn(page, parts, fault=fault)
        try:
            return await self._sent(page, form, typed)
        except ConnectorConfigError as error:
            return await self._drawn(page, parts, refused=_Refused(form, typed, error))

    async def _sent(
        self, page: PluginPage, form: ConsoleForm, typed: Mapping[str, str]
    ) -> Response:
        """Raises ``ConnectorConfigError``."""
        raw = plugin_fields.sent(config_fields(form.takes), typed, before=_before(form))
        tenant_id, done = current_tenant().id, False
        try:
            async with storage.set_aside():
                values = await self._pages.typed(page, form, raw, tenant_id=tenant_id)
                asked = _request(page, action=form.action, values=values)
                parts = await self._pages.parts(page, asked, tenant_id=tenant_id)
            done = True
        except (PluginFailed, NotConfigured) as error:
            return await self._drawn(page, [], fault=_fault(error))
        finally:
            await _record(page, form, raw, success=done)
        return await self._drawn(page, parts)

    def _of(self, area: str, page: Drawn) -> Drawn:
        async def found(plugin: str, name: str) -> Response:
            return await page(self._named(area, plugin, name))

        found.__name__ = f"{page.__name__}_{area}"
        return found

    def _named(self, area: str, plugin: str, name: str) -> PluginPage:
        for each in self._pages.of(current_tenant().settings.running_plugins):
            if (each.page.area, each.plugin, each.page.name) == (area, plugin, name):
                return each
        raise NotFound

    async def _asked(self, page: PluginPage) -> tuple[Sequence[ConsolePart], PageFault | None]:
        try:
            async with storage.set_aside():
                parts = await self._pages.parts(page, _request(page), tenant_id=current_tenant().id)
        except (PluginFailed, NotConfigured) as error:
            return (), _fault(error)
        except ConnectorConfigError:
            return (), PageFault.FAILED
        return parts, None

    async def _drawn(
        self,
        page: PluginPage,
        parts: Sequence[ConsolePart],
        *,
        fault: PageFault | None = None,
        refused: _Refused | None = None,
    ) -> Response:
        shown = [_part(each, refused) for each in parts]
        is_of_a_field = any(field.fault for part in shown for field in part.fields)
        around, here = await self._console.frame(), plugin_page_url(page)
        content = PluginConsolePage(
            frame=around,
            plugin=page.plugin,
            title=by_plugin(page.page.title),
            url=here,
            action=here,
            prefix=current_tenant().prefix,
            area=page.page.area,
            parts=shown,
            fault=fault,
            settings_url=frame.url(f"/plugins/{page.plugin}") if "/plugins" in around.pages else "",
            problem=by_plugin(refused.error.fault) if refused and not is_of_a_field else "",
        )
        return self._console.show("plugin_page.html", content, 400 if refused else 200)


def _request(page: PluginPage, *, action: str = "", values: object = None) -> ConsoleRequest:
    return ConsoleRequest(
        tenant=current_tenant().slug,
        page=page.page.name,
        subject=str(signed_in().user.id),
        language=language_read().tag,
        action=action,
        values=values,
    )


def _fault(error: PluginFailed | NotConfigured) -> PageFault:
    if isinstance(error, NotConfigured):
        return PageFault.WAITS
    return _FAULTS.get(error.outcome, PageFault.FAILED)


def _before(form: ConsoleForm) -> str:
    return f"{form.action}-"


def _part(part: ConsolePart, refused: _Refused | None) -> PagePart:
    kind = _KINDS[type(part)]
    if not isinstance(part, ConsoleForm):
        return PagePart(kind, part)
    asked = config_fields(part.takes)
    shown = {each.name: part.values.get(each.name, each.default) for each in asked}
    draw = partial(plugin_fields.drawn, asked, shown, before=_before(part), stays=False)
    if refused is None or refused.form.action != part.action:
        return PagePart(kind, part, draw())
    faults = {refused.error.field: by_plugin(refused.error.fault)}
    return PagePart(kind, part, draw(typed=refused.typed, faults=faults))


async def _record(
    page: PluginPage, form: ConsoleForm, raw: Mapping[str, object], *, success: bool
) -> None:
    secret = {each.name for each in config_fields(form.takes) if each.secret}
    said = [
        {"field": name, "is": "given" if name in secret else _told(value)}
        for name, value in raw.items()
    ]
    async with storage.transaction():
        await audit.record(
            Event.PLUGIN_ACTION,
            actor=actor(),
            success=success,
            resource=("plugin", page.plugin),
            details={"page": page.page.name, "action": form.action, "values": said},
        )


def _told(value: object) -> object:
    return value if isinstance(value, (bool, int)) else str(value)[:_LONGEST_IN_LOG]
