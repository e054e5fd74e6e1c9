"""Where an operator of the installation comes in whom the tenant lets in."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts import own_events
from authgate.accounts.answers import page, see_other
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.storage.people.users import User
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate.web.view_models import GuestEntryPage
from authgate_tenants import current_tenant

_CONSOLE = "/admin"
_LONGEST_KEY = 100

Arrive = Callable[[str, datetime], Awaitable[User | None]]
"""Who comes through the door by a key at this moment; nobody where it is closed."""


class GuestEntry:
    """Signs an operator in as the guest that they are.

    Opening the address shows what would happen, and the person's own click does it: nobody is made
    somebody else's guest by following a link.
    """

    def __init__(
        self,
        path: str,
        *,
        pages: Pages,
        sessions: BrowserSessions,
        arrive: Arrive,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._path = path
        self._pages = pages
        self._sessions = sessions
        self._arrive = arrive
        self._limits = limits
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("operator-entry", __name__)
        routes.get(self._path)(self.show)
        routes.post(self._path)(self.enter)
        return routes

    async def show(self) -> Response:
        """What is behind the door."""
        key = request.args.get("key", "")[:_LONGEST_KEY]
        content = GuestEntryPage(action=f"{current_tenant().prefix}{self._path}", key=key)
        html = self._pages.render("operator_entry.html", visit=visitor().page(), page=content)
        return page(html)

    async def enter(self) -> Response:
        """Go through, if it is open. Raises ``NotFound``."""
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        key = (await request.form).get("key", "")[:_LONGEST_KEY]
        guest = await self._arrive(key, self._clock()) if key else None
        if guest is None:
            raise NotFound
        response = see_other(_CONSOLE)
        await self._sessions.start(visitor(), guest, response, amr=["operator"], target=_CONSOLE)
        await own_events.record(Event.AUTHENTICATION_SUCCESS, guest, method="operator")
        return response
