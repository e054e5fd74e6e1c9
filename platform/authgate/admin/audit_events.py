"""``/audit-events``: what has happened at the tenant, the newest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPMethod
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from authgate.admin.audit_moments import Moment
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.held_calls import Watched
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Fault, Invalid, NotFound
from authgate.audit import Event
from authgate.audit.meanings import AREAS
from authgate.live import Kind
from authgate.provisioning import audit_views
from authgate.storage.audit import search, unsealed
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.event_search import EventSearch, Network
from authgate.storage.clients import ids
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ActorType, Severity

_Id = Annotated[str, Field(min_length=1, max_length=128)]
_NOT_LOOKED_FOR = {"cursor", "limit", "since", "to"}
"""Of what somebody asks, in what the log says that they have looked for."""


class AuditEventChoice(Document):
    """Which events are meant: all of what is said has to hold."""

    types: Annotated[str, Field(pattern=r"^[A-Z_]+(,[A-Z_]+)*$", max_length=8000)] | None = None
    """Any of these, separated by commas."""

    area: (
        Literal[
            "signing-in",
            "granting",
            "clients",
            "people",
            "tenant",
            "operators",
            "protection",
            "auditing",
        ]
        | None
    ) = None
    """All types of this area as well."""

    severities: Annotated[str, Field(pattern=r"^[A-Z]+(,[A-Z]+)*$", max_length=100)] | None = None
    """Any of `INFO`, `WARNING` and `CRITICAL`, separated by commas."""

    success: bool | None = None
    user_id: UUID | None = None
    """What this person did, and what was done to them."""

    actor_type: ActorType | None = None
    actor_id: _Id | None = None
    """Who did it. With `actor_type` it is found at once."""

    resource_type: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    resource_id: _Id | None = None
    """What was touched."""

    client_id: Annotated[str, Field(min_length=1, max_length=ids.LONGEST)] | None = None
    """The client that it was about, or done through."""

    session_id: UUID | None = None
    """The browser's session in which it happened."""

    ip: Annotated[str, Field(min_length=2, max_length=50)] | None = None
    """An address, or a network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`."""

    request_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    since: Moment | None = None
    to: Moment | None = None
    """The first moment that is not looked at any more."""

    search: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """A part of a name, an id, the type or the details, in whatever case."""

    def wanted(self) -> EventSearch:
        """The same for storage. Raises ``Invalid``."""
        return EventSearch(
            types=_types(self.types, self.area),
            severities=_severities(self.severities),
            success=self.success,
            user_id=_text(self.user_id),
            actor_type=self.actor_type or "",
            actor_id=self.actor_id or "",
            resource_type=self.resource_type or "",
            resource_id=self.resource_id or "",
            client_id=self.client_id or "",
            session_id=_text(self.session_id),
            network=_network(self.ip),
            request_id=self.request_id or "",
            since=self.since,
            to=self.to,
            text=self.search or "",
        )

    def told(self) -> dict[str, Any]:
        """What the log says of it."""
        return self.model_dump(mode="json", exclude=_NOT_LOOKED_FOR, exclude_none=True)


class AuditEventQuery(AuditEventChoice, ListQuery):
    """Which events are looked for, and how much of the list is wanted."""


class AuditActor(Document):
    """Who did it."""

    type: str
    """`user`, `client`, `system` (a command or a job), `anonymous`, `operator` (of the
    installation) or `scim_token`."""

    id: str
    name: str


class AuditResource(Document):
    """What was touched."""

    type: str
    id: str


class AuditEventDocument(Document):
    """Something that happened. It never changes."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
        occurred_at="2026-03-02T09:12:44.118201Z",
        event_type="USER_ROLE_CHANGED",
        severity="WARNING",
        success=True,
        actor={"type": "user", "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd", "name": "mira"},
        client_id="",
        resource={"type": "user", "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abce"},
        ip="192.0.2.7",
        user_agent="Mozilla/5.0",
        request_id="0199f3a1c2d47b3e9a5c6d7e8f901234",
        session_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcf",
        details={"was": "user", "is": "admin"},
    )

    id: UUID
    occurred_at: datetime
    event_type: str
    severity: str
    success: bool
    actor: AuditActor
    client_id: str
    """The client that it was about, or done through; empty where there is none."""

    resource: AuditResource
    ip: str
    user_agent: str
    request_id: str
    """What else happened in the same request has the same; empty outside of one."""

    session_id: str
    """Of the browser's session, where somebody was signed in."""

    details: Mapping[str, Any]
    """More, which depends on the type; of a change what `was` and `is`."""


class AuditEventList(ListDocument):
    """Events, the newest first."""

    items: Sequence[AuditEventDocument]
    looked_to: datetime | None
    """Where this page ended its look though it had room for more: `next` goes on from there, and
    older events were not looked at yet. `null` where that is not so."""


async def list_audit_events(call: Call[AuditEventQuery, Nothing]) -> Answer[AuditEventList]:
    """List what has happened.

    A page looks at some thousand events at the most: where it finds few of them it says how far it
    has come, and its `next` goes on from there. That somebody has looked, and for what, is an event
    itself, once in a quarter of an hour.

    Whoever shows the tag that they have (`If-None-Match`) and says `Prefer: wait=4` (RFC 7240) is
    answered when there is something else, or after four seconds at the most; with `search` at once.
    """
    asked = call.query
    wanted = asked.wanted()
    found = await search.find(wanted, cursor=await lists.opened(call), limit=asked.limit)
    await audit_views.note(call.caller.actor, asked.told(), now=call.parts.clock())
    told = AuditEventList(
        items=[document(each) for each in found.page.rows],
        looked_to=found.looked_to,
        **await lists.beside(call, found.page),
    )
    return Answer(told, lists.links(call, told))


async def read_audit_event(call: Call[Nothing, Nothing]) -> Answer[AuditEventDocument]:
    """Read an event."""
    found = await search.one(call.uuid("audit_event_id"))
    if found is None:
        raise NotFound
    now = call.parts.clock()
    await audit_views.note(call.caller.actor, {"id": str(found.id)}, now=now)
    return Answer(document(found))


def document(event: AuditEvent) -> AuditEventDocument:
    """What the API tells of an event."""
    return AuditEventDocument(
        id=event.id,
        occurred_at=event.occurred_at,
        event_type=event.event_type,
        severity=event.severity,
        success=event.success,
        actor=AuditActor(type=event.actor_type, id=event.actor_id, name=event.actor_name),
        client_id=event.client_id,
        resource=AuditResource(type=event.resource_type, id=event.resource_id),
        ip=event.ip,
        user_agent=event.user_agent,
        request_id=event.request_id,
        session_id=event.session_id,
        details=event.details,
    )


def _types(types: str | None, area: str | None) -> Sequence[str]:
    named = types.split(",") if types else []
    unknown = [each for each in named if each not in set(Event)]
    if unknown:
        raise Invalid(faults=[Fault(f"There is no event {unknown[0]}.", parameter="types")])
    return list(dict.fromkeys([*named, *(AREAS[area] if area else ())]))


def _severities(severities: str | None) -> Sequence[Severity]:
    try:
        return [Severity(each) for each in severities.split(",")] if severities else []
    except ValueError as error:
        raise Invalid(faults=[Fault(str(error), parameter="severities")]) from error


def _network(text: str | None) -> Network | None:
    try:
        return ip_network(text, strict=False) if text else None
    except ValueError as error:
        fault = Fault("That is no address and no network.", parameter="ip")
        raise Invalid(faults=[fault]) from error


def _text(value: UUID | None) -> str:
    return "" if value is None else str(value)


_READ = Scope.AUDIT_READ

OPERATIONS = [
    operation(
        HTTPMethod.GET,
        "/audit-events",
        list_audit_events,
        scope=_READ,
        watched=Watched(Kind.AUDIT_EVENTS, unsealed.stored, unless="search"),
    ),
    operation(HTTPMethod.GET, "/audit-events/{audit_event_id}", read_audit_event, scope=_READ),
]
