"""``/account/data``: what is kept of a person, to take along, and leaving for good."""

import orjson
from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import audit
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.standing import SignInAgain, require_recent_sign_in, to_sign_in
from authgate.accounts.visits import SignedIn, signed_in, visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning import leaving
from authgate.provisioning.leaving import PATH
from authgate.provisioning.roles import LastAdministrator
from authgate.storage.people import account_deletions as stored
from authgate.storage.portable.of_person import kept_of
from authgate.web.account_view_models import DataDone, DataPage
from authgate.web.limits import Limits
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant


class DataPages:
    """The page, the file, and the way out."""

    def __init__(self, *, parts: Installation, pages: Pages, limits: Limits) -> None:
        self._parts = parts
        self._pages = pages
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("own-data", __name__)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.get(PATH)(self.show)
        routes.post(f"{PATH}/file")(self.file)
        routes.post(f"{PATH}/leave")(self.leave)
        routes.post(f"{PATH}/stay")(self.stay)
        return routes

    async def show(self) -> Response:
        """What there is."""
        done = request.args.get("done", "")
        return await self._page(done=DataDone(done) if done in set(DataDone) else None)

    async def file(self) -> Response:
        """All of it, as JSON. Raises ``TooMany``."""
        user = self._lately().user
        await self._limits.count("own_data_per_person", str(user.id))
        kept = await kept_of(user.id, now=self._parts.clock())
        await audit.record(
            Event.USER_DATA_TAKEN,
            actor=audit.user(user.id, user.username),
            resource=("user", str(user.id)),
        )
        told = orjson.dumps(
            {"issuer": current_tenant().issuer, "at": self._parts.clock(), **kept},
            default=str,  # ids of a driver's own kind
            option=orjson.OPT_INDENT_2,
        )
        response = Response(told, content_type="application/json")
        response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
        return response

    async def leave(self) -> Response:
        """Be gone after a while."""
        if not _may_leave():
            raise NotFound
        user = self._lately().user
        try:
            await leaving.ask(self._parts, user, language=language_read())
        except LastAdministrator:
            return await self._page(
                fault=text("Nobody else is in charge here: make somebody an owner first.")
            )
        return see_other(f"{PATH}?done={DataDone.LEAVING}")

    async def stay(self) -> Response:
        """Think better of it."""
        await leaving.withdraw(signed_in().user)
        return see_other(f"{PATH}?done={DataDone.STAYS}")

    def _lately(self) -> SignedIn:
        person = signed_in()
        require_recent_sign_in(now=self._parts.clock(), then=PATH)
        return person

    async def _page(self, *, fault: str = "", done: DataDone | None = None) -> Response:
        due_at = await stored.due_at(signed_in().user.id)
        content = DataPage(
            **frame(),
            file_action=f"{current_tenant().prefix}{PATH}/file",
            leave_action=f"{current_tenant().prefix}{PATH}/leave" if _may_leave() else "",
            stay_action=f"{current_tenant().prefix}{PATH}/stay",
            days=current_tenant().settings.account_deletion_days,
            due_at=due_at,
            fault=fault,
            done=done,
        )
        html = self._pages.render("account/data.html", visit=visitor().page(), page=content)
        return page(html, 400 if fault else 200)


def _may_leave() -> bool:
    return current_tenant().settings.account_deletion and not signed_in().user.is_guest
