"""``/admin/audit/searches``: what somebody looks for in the audit log again and again."""

from urllib.parse import parse_qsl

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from authgate import audit, storage
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame, list_search
from authgate.admin.console.administrators import may, refuse_guest
from authgate.admin.console.audit_search import PATH, AuditSearch
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.audit import Event
from authgate.permissions import Area, reads, writes
from authgate.storage.audit import saved_searches
from authgate.storage.audit.saved_searches import (
    LONGEST_NAME,
    LONGEST_QUERY,
    SavedSearch,
    TooManySearches,
)
from authgate.web.audit_view_models import SavedSearchLink
from authgate.web.console_view_models import Done
from authgate_tenants import current_tenant, lifecycle

_HERE = f"{PATH}/searches"


class SavedSearchPages:
    """Searches that have a name. They are shown beside the log itself."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("saved-searches")
        routes.post(f"{ROOT}{_HERE}", self.save, reads(Area.AUDIT))
        routes.post(f"{ROOT}{_HERE}/<row_id>/delete", self.delete, reads(Area.AUDIT))
        return routes.blueprint

    async def save(self) -> Response:
        """Keep the search from whose page this is sent, instead of an own one of this name."""
        refuse_guest()
        form = await request.form
        asked = AuditSearch.read(list_search.returned(form))
        name = list_search.plain(form.get("name", ""), LONGEST_NAME)
        query, shared = asked.query(limit=""), form.get("shared") == "1"
        if not name or not query or len(query) > LONGEST_QUERY:
            return asked.back(Done.NOTHING)
        if shared and not may(writes(Area.AUDIT)):
            raise Forbidden
        try:
            await self._save(name, query, shared=shared)
        except TooManySearches:
            return asked.back(Done.SEARCHES_FULL)
        return asked.back(Done.SEARCH_SAVED)

    async def delete(self, row_id: str) -> Response:
        """Forget one: an own one, or one that is shared, for whoever may share."""
        refuse_guest()
        search = await saved_searches.find(id_in_address(row_id))
        if search is None or not _is_seen(search):
            raise NotFound
        if not _may_remove(search):
            raise Forbidden
        async with storage.transaction():
            is_removed = await saved_searches.remove(search.id)
            if is_removed and search.shared:
                await _note(Event.AUDIT_SEARCH_REMOVED, search)
        return done(PATH, Done.SEARCH_REMOVED if is_removed else Done.NOTHING)

    async def _save(self, name: str, query: str, *, shared: bool) -> None:
        async with storage.transaction():
            # Of those that one person saves at once each sees what the one before has saved.
            await lifecycle.locked(current_tenant().id)
            search = await saved_searches.save(
                signed_in().user.id, name, query, shared=shared, now=self._console.now()
            )
            if shared:
                await _note(Event.AUDIT_SEARCH_SHARED, search)


def save_action() -> str:
    """Where a search is saved; empty for guests, who leave nothing behind."""
    return "" if signed_in().user.is_guest else frame.url(_HERE)


async def links(asked: AuditSearch) -> list[SavedSearchLink]:
    """Those that somebody sees who looks at this."""
    return [_link(each, asked) for each in await saved_searches.seen_by(signed_in().user.id)]


def _link(search: SavedSearch, asked: AuditSearch) -> SavedSearchLink:
    wanted = AuditSearch.read(dict(parse_qsl(search.query)))
    return SavedSearchLink(
        name=search.name,
        url=wanted.url(),
        is_shared=search.shared,
        is_current=wanted.query() == asked.query(limit=""),
        is_outdated=wanted.query() != search.query,
        delete_action=frame.url(f"{_HERE}/{search.id}/delete") if _may_remove(search) else "",
    )


def _is_seen(search: SavedSearch) -> bool:
    return search.shared or search.user_id == signed_in().user.id


def _may_remove(search: SavedSearch) -> bool:
    user = signed_in().user
    is_own = search.user_id == user.id
    return not user.is_guest and (is_own or (search.shared and may(writes(Area.AUDIT))))


async def _note(event: Event, search: SavedSearch) -> None:
    resource = ("saved-search", str(search.id))
    await audit.record(event, actor=actor(), resource=resource, details={"name": search.name})
