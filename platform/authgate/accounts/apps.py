"""``/account/apps``: which applications and devices a person has let in, and taking it back."""

from quart import Blueprint, Response, request

from authgate import audit
from authgate.accounts import access
from authgate.accounts.access import Application
from authgate.accounts.account import kind_of
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.scope_lines import scope_lines
from authgate.accounts.visits import signed_in, visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.web.pages import Pages
from authgate.web.view_models import AppLine, AppsPage
from authgate_tenants import current_tenant

_HERE = "/account/apps"


class AppPages:
    """A person's applications."""

    def __init__(self, *, pages: Pages, clock: Clock) -> None:
        self._pages = pages
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("apps", __name__)
        routes.get(_HERE)(self.show)
        routes.post(f"{_HERE}/remove")(self.remove)
        return routes

    async def show(self) -> Response:
        """The applications, with what they may do."""
        person, prefix = signed_in(), current_tenant().prefix
        held = await access.applications_of(person.user.id, now=self._clock())
        known = await clients.find_many({each.client_id for each in held})
        content = AppsPage(
            **frame(),
            apps=tuple([await _line(each, known.get(each.client_id)) for each in held]),
            remove_action=f"{prefix}{_HERE}/remove",
            removed=request.args.get("removed") == "1",
        )
        return page(self._pages.render("account/apps.html", visit=visitor().page(), page=content))

    async def remove(self) -> Response:
        """End all that an application has: tokens, codes, devices, and what is remembered."""
        person, client_id = signed_in(), (await request.form).get("client", "")
        held = await access.applications_of(person.user.id, now=self._clock())
        if client_id not in {each.client_id for each in held}:
            return see_other(_HERE)
        ended = await access.end_of_client(person.user.id, client_id, now=self._clock())
        await audit.record(
            Event.USER_AUTHORIZATION_REVOKED,
            actor=audit.user(person.user.id, person.user.username),
            client_id=client_id,
            resource=("client", client_id),
            details={"ended": ended},
        )
        return see_other(f"{_HERE}?removed=1")


async def _line(held: Application, client: Client | None) -> AppLine:
    return AppLine(
        client_id=held.client_id,
        client_name=client.name if client else held.client_id,
        first_party=client is not None and client.first_party,
        kind=kind_of(client),
        scopes=await scope_lines(sorted(held.scopes)),
        since=held.since,
        used_at=held.used_at,
    )
