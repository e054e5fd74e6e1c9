"""``/account/impersonations``: who wants to act for a person, and what they say to it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from quart import Blueprint, Response
from werkzeug.exceptions import NotFound

from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.provisioning import impersonations
from authgate.provisioning.impersonations import STATED, UnknownImpersonation
from authgate.storage.people import impersonations as stored
from authgate.storage.people.impersonations import Impersonation
from authgate.web import row_ids
from authgate.web.impersonation_view_models import ImpersonationLine, OwnImpersonationsPage
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_HERE = "/account/impersonations"


class OwnImpersonations:
    """The page."""

    def __init__(self, *, parts: Installation, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("impersonations", __name__)
        routes.get(_HERE)(self.show)
        routes.post(f"{_HERE}/<row_id>/allow")(self.allow)
        routes.post(f"{_HERE}/<row_id>/refuse")(self.refuse)
        routes.post(f"{_HERE}/<row_id>/end")(self.end)
        return routes

    async def show(self) -> Response:
        """Who asks, and who acts."""
        person, tenant = signed_in().user, current_tenant()
        content = OwnImpersonationsPage(
            **frame(),
            lines=[self._line(each) for each in await stored.of_user(person.id)],
            stated=tenant.settings.impersonation == STATED,
            minutes=tenant.settings.impersonation_minutes,
        )
        html = self._pages.render(
            "account/impersonations.html", visit=visitor().page(), page=content
        )
        return page(html)

    async def allow(self, row_id: str) -> Response:
        """Let them, for a while."""
        return await self._decided(row_id, self._answered(allows=True))

    async def refuse(self, row_id: str) -> Response:
        """Don't let them."""
        return await self._decided(row_id, self._answered(allows=False))

    async def end(self, row_id: str) -> Response:
        """Let them no longer."""

        async def ended(impersonation_id: UUID) -> None:
            await impersonations.end(
                impersonation_id,
                person_id=signed_in().user.id,
                by=actor(),
                now=self._parts.clock(),
            )

        return await self._decided(row_id, ended)

    def _answered(self, *, allows: bool) -> Callable[[UUID], Awaitable[None]]:
        async def answered(impersonation_id: UUID) -> None:
            await impersonations.answer(
                impersonation_id, signed_in().user, allows=allows, now=self._parts.clock()
            )

        return answered

    async def _decided(self, row_id: str, decide: Callable[[UUID], Awaitable[None]]) -> Response:
        signed_in()
        try:
            await decide(row_ids.read(row_id))
        except (ValueError, UnknownImpersonation) as error:
            raise NotFound from error
        return see_other(_HERE)

    def _line(self, known: Impersonation) -> ImpersonationLine:
        now, here = self._parts.clock(), f"{current_tenant().prefix}{_HERE}/{known.id}"
        return ImpersonationLine.of(
            known,
            now,
            allow_action=f"{here}/allow" if known.waits(now) else "",
            refuse_action=f"{here}/refuse" if known.waits(now) else "",
            end_action=f"{here}/end" if known.is_open(now) else "",
        )
