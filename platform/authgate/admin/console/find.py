"""``/admin/find``: one field for whatever somebody looks for, as far as they may see it.

Each kind of thing is looked up through an index, and few of each are shown: the page reads no more
rows the more a tenant has.
"""

from collections.abc import Mapping, Sequence

from quart import Blueprint, Response, request

from authgate.admin.console import client_lines, frame, list_search
from authgate.admin.console.administrators import may
from authgate.admin.console.frame import ROOT, Console
from authgate.permissions import Area, reads
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientFilter
from authgate.storage.clients.rows import Client
from authgate.storage.paging import Order
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.tenants import scopes
from authgate.web import row_ids
from authgate.web.find_view_models import FindPage, FoundLine
from authgate_tenants.setting_groups import GROUPS, SettingGroup

_HERE = "/find"
_LONGEST = 254
_MOST = 10


class Find:
    """Finds things by what people know of them."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("find")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.OVERVIEW))
        return routes.blueprint

    async def show(self) -> Response:
        """What is called so, or nothing yet."""
        search = list_search.plain(request.args.get("search", ""), _LONGEST)
        content = FindPage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            search=search,
            clients=await _clients(search),
            people=await _people(search),
            scopes=await _scopes(search),
            settings=_settings(),
        )
        return self._console.show("find.html", content)


async def _clients(search: str) -> Sequence[FoundLine]:
    if not search or not may(reads(Area.CLIENTS)):
        return ()
    by_id = await _client_of(search)
    which = ClientFilter(search=search)
    page = await clients.page(which, Order.of("name"), cursor=None, limit=_MOST)
    found = [by_id] if by_id else []
    found += [each for each in page.rows if by_id is None or each.id != by_id.id]
    return [FoundLine(each.name, each.client_id, client_lines.url(each)) for each in found]


async def _client_of(search: str) -> Client | None:
    try:
        return await clients.find_by_row(row_ids.read(search))
    except ValueError:
        return None


async def _people(search: str) -> Sequence[FoundLine]:
    if not search or not may(reads(Area.USERS)):
        return ()
    person = await _person_of(search) or await users.find_by_login(search)
    if person is None:
        return ()
    url = frame.url(f"/users/{person.id}")
    return (FoundLine(person.username, person.email or str(person.id), url),)


async def _person_of(search: str) -> User | None:
    try:
        return await users.find(row_ids.read(search))
    except ValueError:
        return None


async def _scopes(search: str) -> Sequence[FoundLine]:
    if not search or not may(reads(Area.SCOPES)):
        return ()
    return [
        FoundLine(each.words.title, each.name, frame.url(f"/scopes/{each.id}"))
        for each in await scopes.beginning(search, limit=_MOST)
    ]


def _settings() -> Mapping[str, str]:
    if not may(reads(Area.SETTINGS)):
        return {}
    places = {group: frame.url(f"/settings/{group}") for group in GROUPS}
    places[SettingGroup.BRANDING] = frame.url("/branding")
    places[SettingGroup.PLUGINS] = frame.url("/plugins")
    return {name: f"{places[group]}#{name}" for group, names in GROUPS.items() for name in names}
