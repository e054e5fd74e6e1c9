"""``/admin/audit``: what has happened at the tenant, the newest first, and each event by itself."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate.accounts.standing import actor
from authgate.admin.console import (
    audit_lines,
    client_lines,
    frame,
    respond_pages,
    saved_search_pages,
    setting_pages,
)
from authgate.admin.console.administrators import may
from authgate.admin.console.audit_search import PATH, RESULTS, SEVERITIES, AuditSearch
from authgate.admin.console.audit_verification_pages import VERIFICATION
from authgate.admin.console.frame import ROOT, Console, id_in_address
from authgate.audit import Event
from authgate.audit.meanings import AREAS, MEANINGS
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads, writes
from authgate.provisioning import audit_views
from authgate.sealing import checking
from authgate.storage.audit import search, unsealed
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.event_search import EventSearch, Network
from authgate.storage.audit.search import Found
from authgate.storage.clients import clients
from authgate.storage.paging import BadCursor, Page
from authgate.storage.people import users
from authgate.web import row_ids
from authgate.web.audit_view_models import AuditEventPage, AuditLink, AuditPage

_LIVE = f"{PATH}/live"
_BESIDE = 20
_NOTHING = Found(Page(()), None)


class AuditPages:
    """The audit log."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("audit")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.AUDIT))
        routes.get(f"{ROOT}{_LIVE}", self.live, reads(Area.AUDIT))
        routes.get(f"{ROOT}{PATH}/events/<row_id>", self.event, reads(Area.AUDIT))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of the events."""
        asked = AuditSearch.read(request.args)
        user_id = await _person(asked.user)
        try:
            network, bad_ip = asked.network, False
        except ValueError:
            network, bad_ip = None, True
        unknown = bool(asked.user) and not user_id
        found = _NOTHING if unknown or bad_ip else await _found(asked, user_id, network)
        looked_for = asked.told() | ({"user": user_id or "nobody"} if asked.user else {})
        await audit_views.note(actor(), looked_for, now=self._console.now())
        page, check = found.page, await checking.newest()
        content = AuditPage(
            frame=await self._console.frame(),
            action=frame.url(PATH),
            clear_url=frame.url(PATH),
            events=[audit_lines.line(each, asked) for each in page.rows],
            search=asked.search,
            user=asked.user,
            ip=asked.ip,
            since=asked.since,
            to=asked.to,
            kept=asked.kept(),
            severities=asked.links("severity", asked.severity, SEVERITIES),
            areas=asked.links("area", asked.area, list(AREAS)),
            results=asked.links("result", asked.result, RESULTS),
            narrowings=asked.narrowings(),
            sizes=asked.sizes(),
            unknown_user=unknown,
            bad_ip=bad_ip,
            looked_to=found.looked_to,
            next_url=asked.url(cursor=page.next) if page.next else None,
            previous_url=asked.url(cursor=page.previous) if page.previous else None,
            # A text is looked for in all that there is: not each second, as long as it is open.
            live_url="" if asked.cursor or asked.to or asked.search else frame.url(_LIVE),
            again_url="" if asked.cursor or asked.to else asked.url(),
            verification_url=frame.url(VERIFICATION),
            verified_until=check.seq if check else 0,
            verified_at=check.ended_at if check else None,
            fault_count=check.fault_count if check else 0,
            saved=await saved_search_pages.links(asked),
            save_action=saved_search_pages.save_action() if asked.query(limit="") else "",
            list=asked.query(),
            may_share=may(writes(Area.AUDIT)),
        )
        return self._console.show("audit.html", content)

    async def live(self) -> Response:
        """News of what happens. Nobody tells of it: that would be told with each token."""
        topic, look = Topic.here(Kind.AUDIT_EVENTS), unsealed.stored
        return self._console.streams.answer(topic, asks=reads(Area.AUDIT), look=look)

    async def event(self, row_id: str) -> Response:
        """All that is known of an event."""
        event = await search.one(id_in_address(row_id))
        if event is None:
            raise NotFound
        await audit_views.note(actor(), {"id": str(event.id)}, now=self._console.now())
        everything = AuditSearch.read({})
        content = AuditEventPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            event=audit_lines.line(event, everything),
            id=str(event.id),
            meaning=MEANINGS[Event(event.event_type)] if event.event_type in set(Event) else "",
            user_agent=event.user_agent,
            request=_all_of(everything, request=event.request_id),
            session=_all_of(everything, session=event.session_id),
            changes=audit_lines.changes(event.details),
            details=audit_lines.details(event.details),
            actor_url=await _page_of(event.actor_type, event.actor_id),
            about_url=await _page_of(event.resource_type, event.resource_id),
            client_url=await _page_of("client", event.client_id),
            respond_url=_respond_url(event),
            beside=[audit_lines.line(each, everything) for each in await _beside(event)],
        )
        return self._console.show("audit_event.html", content)


async def _found(asked: AuditSearch, user_id: str, network: Network | None) -> Found:
    wanted = asked.wanted(user_id=user_id, network=network)
    try:
        return await search.find(wanted, cursor=asked.cursor or None, limit=asked.size)
    except BadCursor as error:
        raise BadRequest from error


async def _person(typed: str) -> str:
    """The id of somebody by what they are called; of who is gone nothing else is known."""
    if not typed:
        return ""
    try:
        return str(row_ids.read(typed))
    except ValueError:
        found = await users.find_by_login(typed)
        return str(found.id) if found else ""


async def _beside(event: AuditEvent) -> list[AuditEvent]:
    if not event.request_id:
        return []
    found = await search.find(EventSearch(request_id=event.request_id), limit=_BESIDE)
    return [each for each in found.page.rows if each.id != event.id]


def _respond_url(event: AuditEvent) -> str:
    theirs = (event.actor_id, event.actor_type), (event.resource_id, event.resource_type)
    user = next((known for known, kind in theirs if kind in ("user", "anonymous") and known), "")
    return respond_pages.url(user=user, address=event.ip, client=event.client_id)


def _all_of(everything: AuditSearch, **what: str) -> AuditLink:
    [value] = what.values()
    return AuditLink(value, everything.url(**what) if value else "")


async def _page_of(kind: str, known_by: str) -> str:
    """Where something is in the console, for whoever may see it there."""
    if kind == "client" and known_by and may(reads(Area.CLIENTS)):
        client = await clients.find(known_by)
        return client_lines.url(client) if client else ""
    if kind in ("user", "anonymous") and may(reads(Area.USERS)):
        return await _page_of_person(known_by)
    if kind == "group" and may(reads(Area.GROUPS)):
        return frame.url(f"/groups/{known_by}")
    if kind == "tenant" and may(reads(Area.SETTINGS)):
        return frame.url(setting_pages.HISTORY)
    return ""


async def _page_of_person(known_by: str) -> str:
    try:
        person = await users.find(row_ids.read(known_by))
    except ValueError:
        return ""
    return frame.url(f"/users/{person.id}") if person else ""
