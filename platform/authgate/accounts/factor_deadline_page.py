"""``/second-factor/soon``: people are told by when they are to have a second factor."""

from urllib.parse import quote

from quart import Blueprint, Response, request

from authgate.accounts.answers import page, see_other
from authgate.accounts.factor_set_up_pages import SET_UP
from authgate.accounts.second_factor_policy import will_lack
from authgate.accounts.standing import SECOND_FACTOR_SOON as HERE
from authgate.accounts.standing import SECURITY
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.web import return_to
from authgate.web.pages import Pages
from authgate.web.second_factor_view_models import FactorSoonPage
from authgate_tenants import current_tenant


class FactorDeadlinePage:
    """Stands between signing in and where somebody wanted, each time until they have one."""

    def __init__(self, *, parts: Installation, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def blueprint(self) -> Blueprint:
        """The route."""
        routes = Blueprint("second-factor-soon", __name__)
        routes.get(HERE)(self.show)
        return routes

    async def show(self) -> Response:
        """The date, and the way to set one up. Raises ``NotSignedIn``."""
        person, prefix = signed_in(), current_tenant().prefix
        target = return_to.safe(request.args.get("return_to"), otherwise=SECURITY)
        if person.session.impersonator_id is not None:
            return see_other(target)  # the days are not theirs to begin
        due_at = await will_lack(person.user, person.session.amr, now=self._parts.clock())
        if due_at is None:
            return see_other(target)
        content = FactorSoonPage(
            signed_in_as=person.user.username,
            due_at=due_at,
            set_up_url=f"{prefix}{SET_UP}?return_to={quote(target)}",
            continue_url=target,
        )
        html = self._pages.render("second_factor/soon.html", visit=visitor().page(), page=content)
        return page(html)
