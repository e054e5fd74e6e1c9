"""``/admin/users/<id>/impersonations``: asking to act for a person, and doing so."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning
from authgate.accounts import impersonated_sessions
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import visitor
from authgate.admin.console import user_lines
from authgate.admin.console.administrators import authority
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.admin.console.user_search import PATH
from authgate.permissions import Area, writes
from authgate.provisioning import impersonations
from authgate.provisioning.impersonations import UnknownImpersonation
from authgate.storage.sign_in.sessions import Impersonator
from authgate.web.console_view_models import Done

_ALL = f"{ROOT}{PATH}/<row_id>/impersonations"
_HOME = "/account/sessions"


class ImpersonationPages:
    """Forms on the page of a person."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("impersonations")
        routes.post(_ALL, self.ask, writes(Area.USERS))
        routes.post(f"{_ALL}/<impersonation_id>/begin", self.begin, writes(Area.USERS))
        routes.post(f"{_ALL}/<impersonation_id>/end", self.end, writes(Area.USERS))
        return routes.blueprint

    async def ask(self, row_id: str) -> Response:
        """Ask them, or where that is stated begin to have the right."""
        person, form = await user_lines.named(row_id), await request.form
        self._console.require_recent_sign_in(f"{ROOT}{user_lines.path(person)}")
        try:
            await impersonations.ask(
                person.id, form.get("reason", ""), by=authority(), now=self._console.now()
            )
        except provisioning.Refused:
            return done(user_lines.path(person), Done.NOTHING)
        return done(user_lines.path(person), Done.IMPERSONATION_ASKED)

    async def begin(self, row_id: str, impersonation_id: str) -> Response:
        """Act for them in this browser, whose own session ends."""
        person, now = await user_lines.named(row_id), self._console.now()
        wanted = id_in_address(impersonation_id)
        self._console.require_recent_sign_in(f"{ROOT}{user_lines.path(person)}")
        by = authority()
        try:
            held, known = await impersonations.begin(wanted, by=by, now=now)
        except UnknownImpersonation as error:
            raise NotFound from error
        except provisioning.Refused:
            return done(user_lines.path(person), Done.NOTHING)
        if held.id != person.id:
            raise NotFound
        response = see_other(_HOME)
        session_id = await impersonated_sessions.begin(
            visitor(),
            held,
            response,
            impersonator=Impersonator(known.id, known.actor_id, known.actor_name),
            now=now,
            until=known.ends_at,
        )
        await impersonations.note_session(known, session_id)
        return response

    async def end(self, row_id: str, impersonation_id: str) -> Response:
        """Act for them no longer."""
        person = await user_lines.named(row_id)
        try:
            await impersonations.end(
                id_in_address(impersonation_id),
                person_id=person.id,
                by=actor(),
                now=self._console.now(),
            )
        except UnknownImpersonation:
            return done(user_lines.path(person), Done.NOTHING)
        return done(user_lines.path(person), Done.IMPERSONATION_ENDED)
