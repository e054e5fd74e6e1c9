"""How an event is written down: with who did it, where from and in which request."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils import uuid7

from authgate.audit.details import told
from authgate.audit.events import Event
from authgate.audit.severities import SEVERITIES
from authgate.clock import utc_now
from authgate.storage import append
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import NewEvent
from authgate.storage.clients import ids
from authgate.telemetry import metrics
from authgate.vocabulary import Severity

for _event, _severity in SEVERITIES.items():
    metrics.audit_alarms.expect(_event, _severity)


class RequestFacts(NamedTuple):
    """Where a request came from; the same for everything that is recorded in it."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    session_id: str = ""
    """Of whoever is signed in there, from when that is known."""


request_facts: ContextVar[RequestFacts] = ContextVar(
    "authgate_request_facts",
    default=RequestFacts(),  # noqa: B039  # a tuple
)
"""Set at the edge. Outside of a request (a command, a job) it is empty."""


acting_for: ContextVar["Actor | None"] = ContextVar("authgate_acting_for", default=None)
"""Who acts for the person whose request it is, where somebody does."""


def in_session(session_id: UUID | None) -> None:
    """Have what is recorded in this request say in which session it happened."""
    said = "" if session_id is None else str(session_id)
    request_facts.set(request_facts.get()._replace(session_id=said))


class Actor(NamedTuple):
    """Who did it."""

    type: str
    id: str = ""
    name: str = ""


SYSTEM = Actor("system")
ANONYMOUS = Actor("anonymous")


def user(user_id: UUID, name: str) -> Actor:
    """A person."""
    return Actor("user", str(user_id), name)


def client(client_id: str, name: str = "") -> Actor:
    """An application acting for itself."""
    return Actor("client", client_id, name)


def event(
    event: Event,
    *,
    actor: Actor,
    success: bool = True,
    client_id: str = "",
    resource: tuple[str, str] = ("", ""),
    details: Mapping[str, Any] | None = None,
) -> NewEvent:
    """An event with the facts of the request it happens in, its ``details`` without secrets."""
    severity = SEVERITIES.get(event, Severity.INFO)
    if severity is not Severity.INFO:
        metrics.audit_alarms.add(event, severity)
    ip, user_agent, request_id, session_id = request_facts.get()
    if (acts := acting_for.get()) is not None:
        details = {**(details or {}), "act": {"sub": acts.id, "name": acts.name}}
    return NewEvent(
        str(uuid7()),
        event,
        severity,
        utc_now(),
        success,
        actor.type,
        actor.id[:128],
        actor.name[:128],
        client_id[: ids.LONGEST],
        resource[0],
        resource[1][:128],
        ip,
        user_agent[:512],
        request_id,
        session_id,
        told(details) if details else {},
    )


async def record(
    kind: Event,
    *,
    actor: Actor,
    success: bool = True,
    client_id: str = "",
    resource: tuple[str, str] = ("", ""),
    details: Mapping[str, Any] | None = None,
) -> None:
    """Store an event.

    Joins the open unit of work; without one it returns once the event is durable.
    """
    happened = event(
        kind,
        actor=actor,
        success=success,
        client_id=client_id,
        resource=resource,
        details=details,
    )
    await append(audit_events.row(happened))
