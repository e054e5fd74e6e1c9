"""``/admin/users``: the tenant's people, looked for, in an order, by the page."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.admin.console import frame, user_lines
from authgate.admin.console.frame import ROOT, Console
from authgate.admin.console.user_search import PATH, STATUSES, WAYS_IN, UserSearch
from authgate.permissions import ROLES, Area, reads
from authgate.storage.paging import BadCursor
from authgate.storage.people import users
from authgate.web.user_view_models import UsersPage


class UserList:
    """The list of people."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("users")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.USERS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of the people."""
        asked = UserSearch.read(request.args)
        try:
            found = await users.page(
                asked.filter(), asked.order(), cursor=asked.cursor, limit=asked.size
            )
        except BadCursor as error:
            raise BadRequest from error
        content = UsersPage(
            frame=await self._console.frame(),
            action=frame.url(PATH),
            new_url=frame.url(f"{PATH}/new"),
            import_url=frame.url(f"{PATH}/import"),
            erasures_url=frame.url(f"{PATH}/erasures"),
            selection_action=frame.url(f"{PATH}/selected"),
            list=asked.here(),
            users=[user_lines.line(each, selectable=True) for each in found.rows],
            total=sum((await users.counts()).values()),
            search=asked.search,
            kept=asked.kept(),
            statuses=asked.links("status", asked.status, STATUSES),
            roles=asked.links("role", asked.role, ROLES),
            ways_in=asked.links("way_in", asked.way_in, list(WAYS_IN)),
            sizes=asked.sizes(),
            by_name=asked.sort_link("username", asked.sort),
            by_age=asked.sort_link("-created_at", asked.sort),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("users.html", content)
