"""``/admin/audit/alerts``: what the log has shown that deserves a look, and what is looked for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import frame, respond_pages
from authgate.admin.console.administrators import may
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.alerts import deciding, rules, words
from authgate.alerts.deciding import Decided, UnknownAlert
from authgate.alerts.rules import OFF, BadRule, Rule
from authgate.permissions import Area, reads, writes
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Alert
from authgate.storage.paging import BadCursor
from authgate.vocabulary import AlertState
from authgate.web.alert_view_models import AlertLine, AlertRuleLine, AlertRulesPage, AlertsPage
from authgate.web.console_view_models import Done
from authgate_tenants import TenantSettings, current_tenant

PATH = "/audit/alerts"
_RULES = f"{PATH}/rules"
_MOST = 50
_OPEN = (AlertState.OPEN, AlertState.ACKNOWLEDGED)


class AlertPages:
    """Alerts, and the rules that raise them."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("alerts")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.AUDIT))
        routes.get(f"{ROOT}{_RULES}", self.rules, reads(Area.AUDIT))
        routes.post(f"{ROOT}{_RULES}", self.choose, writes(Area.SETTINGS))
        routes.post(f"{ROOT}{PATH}/<row_id>/acknowledge", self.acknowledge, writes(Area.AUDIT))
        routes.post(f"{ROOT}{PATH}/<row_id>/close", self.close, writes(Area.AUDIT))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of them, the newest first."""
        state = _state(request.args.get("state", ""))
        cursor = request.args.get("cursor") or None
        try:
            page = await alerts.page(state=state, cursor=cursor, limit=_MOST)
        except BadCursor as error:
            raise BadRequest from error
        known = await words.names(page.rows)
        content = AlertsPage(
            frame=await self._console.frame(),
            alerts=[_line(each, known) for each in page.rows],
            states=[(each, _url(state=each), each == (state or "")) for each in ("", *AlertState)],
            rules_url=frame.url(_RULES),
            next_url=_url(state=state or "", cursor=page.next) if page.next else None,
            previous_url=_url(state=state or "", cursor=page.previous) if page.previous else None,
        )
        return self._console.show("alerts.html", content)

    async def acknowledge(self, row_id: str) -> Response:
        """Look after one."""
        return await self._decide(row_id, deciding.acknowledge, Done.ALERT_ACKNOWLEDGED)

    async def close(self, row_id: str) -> Response:
        """Be done with one."""
        return await self._decide(row_id, deciding.close, Done.ALERT_CLOSED)

    async def rules(self) -> Response:
        """All rules, as they are now."""
        chosen = rules.chosen(current_tenant().settings)
        return await self._rules(
            [
                _rule(rule, is_on=each.is_on, choice=str(replace(each, is_on=True)))
                for rule, each in chosen.items()
            ]
        )

    async def choose(self) -> Response:
        """Have them look otherwise, or say what cannot be."""
        form = await request.form
        if not all(rule in form for rule in Rule):
            raise BadRequest
        typed = {rule: _typed(rule, form) for rule in Rule}
        faults: dict[str, str] = {}
        for rule, said in typed.items():
            try:
                rules.check(rule, said)
            except BadRule as error:
                faults[rule] = str(error)
        if faults:
            lines = [
                replace(
                    _rule(rule, is_on=bool(form.get(f"on-{rule}")), choice=form.get(rule, "")),
                    fault=faults.get(rule, ""),
                )
                for rule in Rule
            ]
            return await self._rules(lines, faults)
        other = {
            str(rule): said for rule, said in typed.items() if said != str(rules.DEFAULTS[rule])
        }

        def changed(before: TenantSettings) -> TenantSettings:
            return before.changed({"alert_rules": other})

        await provisioning.change_tenant(
            self._console.parts, current_tenant(), change=changed, actor=actor()
        )
        return done(_RULES, Done.CHANGED)

    async def _decide(
        self, row_id: str, how: Callable[..., Awaitable[Alert]], what: Done
    ) -> Response:
        try:
            await how(self._console.parts, id_in_address(row_id), actor=actor())
        except UnknownAlert as error:
            raise NotFound from error
        except Decided:
            return done(PATH, Done.NOTHING)
        return done(PATH, what)

    async def _rules(
        self, lines: Sequence[AlertRuleLine], faults: Mapping[str, str] | None = None
    ) -> Response:
        content = AlertRulesPage(
            frame=await self._console.frame(),
            rules=lines,
            list_url=frame.url(PATH),
            mail_url=frame.url("/settings/audit") if may(reads(Area.SETTINGS)) else "",
            action=frame.url(_RULES) if may(writes(Area.SETTINGS)) else "",
            has_places=self._console.parts.settings.geoip_file is not None,
            faults=faults or {},
        )
        return self._console.show("alert_rules.html", content, 400 if faults else 200)


def _state(said: str) -> AlertState | None:
    try:
        return AlertState(said) if said else None
    except ValueError as error:
        raise BadRequest from error


def _url(**query: str) -> str:
    said = {name: value for name, value in query.items() if value}
    return frame.with_query(frame.url(PATH), urlencode(said))


def _typed(rule: Rule, form: Mapping[str, str]) -> str:
    return form.get(rule, "").strip() if form.get(f"on-{rule}") == "1" else OFF


def _rule(rule: Rule, *, is_on: bool, choice: str) -> AlertRuleLine:
    default = rules.DEFAULTS[rule]
    return AlertRuleLine(
        name=rule,
        title=words.TITLES[rule],
        severity=default.severity,
        is_on=is_on,
        choice=choice,
        default=str(default),
    )


def _line(alert: Alert, known: Mapping[str, str]) -> AlertLine:
    title, subject = words.line(alert, known)
    here = frame.url(f"{PATH}/{alert.id}")
    decides = may(writes(Area.AUDIT))
    return AlertLine(
        title=title,
        subject=subject,
        severity=alert.severity,
        state=alert.state,
        events=alert.events,
        last_at=alert.last_at,
        raised_at=alert.raised_at,
        decided_by=alert.decided_by,
        facts=[(name, _said(value)) for name, value in alert.details.items() if _said(value)],
        respond_url=respond_pages.url_for(alert),
        event_url=frame.url(f"/audit/events/{alert.event_id}") if alert.event_id else "",
        acknowledge_action=(
            f"{here}/acknowledge" if decides and alert.state is AlertState.OPEN else ""
        ),
        close_action=f"{here}/close" if decides and alert.state in _OPEN else "",
    )


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
