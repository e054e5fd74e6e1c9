"""Events of the audit log as the console shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from authgate.admin.console import frame
from authgate.admin.console.audit_search import PATH, AuditSearch
from authgate.storage.audit.audit_events import AuditEvent
from authgate.vocabulary import Severity
from authgate.web.audit_view_models import AuditChange, AuditDetail, AuditLine, AuditLink

_CHANGED: Final = ("was", "is", "changes")
_NOTHING: Final = ""


def line(event: AuditEvent, asked: AuditSearch) -> AuditLine:
    """An event, whose parts lead to whatever has the same among what is looked for."""
    actor = event.actor_name or event.actor_id
    return AuditLine(
        url=url(event),
        type=AuditLink(event.event_type, asked.url(type=event.event_type)),
        severity=Severity(event.severity),
        success=event.success,
        at=event.occurred_at,
        actor=_linked(
            asked, actor, event.actor_id, actor=event.actor_id, actor_type=event.actor_type
        ),
        actor_type=event.actor_type,
        about=_linked(
            asked,
            event.resource_id,
            event.resource_id,
            resource=event.resource_id,
            resource_type=event.resource_type,
        ),
        about_type=event.resource_type,
        ip=_linked(asked, event.ip, event.ip, ip=event.ip),
        client=_linked(asked, event.client_id, event.client_id, client=event.client_id),
    )


def url(event: AuditEvent) -> str:
    """The page of an event."""
    return frame.url(f"{PATH}/events/{event.id}")


def _linked(asked: AuditSearch, text: str, known_by: str, **what: str) -> AuditLink:
    return AuditLink(text, asked.url(**what) if known_by else "")


def changes(details: Mapping[str, Any]) -> list[AuditChange]:
    """What became different by an event, as far as it says what was and what is."""
    return [*_listed(details.get("changes")), *_compared(details)]


def _listed(said: object) -> Iterator[AuditChange]:
    """A list of settings, each with what it was and is."""
    if isinstance(said, Sequence) and not isinstance(said, str):
        for each in said:
            if isinstance(each, Mapping):
                yield AuditChange(
                    str(each.get("setting", "")), _text(each.get("was")), _text(each.get("is"))
                )


def _compared(details: Mapping[str, Any]) -> Iterator[AuditChange]:
    """What was and is: one thing, or several by their names."""
    if "was" not in details and "is" not in details:
        return
    was, now = details.get("was"), details.get("is")
    if not isinstance(was, Mapping | None) or not isinstance(now, Mapping | None):
        yield AuditChange("", _text(was), _text(now))
        return
    before, after = was or {}, now or {}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield AuditChange(name, _text(before.get(name)), _text(after.get(name)))


def details(said: Mapping[str, Any]) -> list[AuditDetail]:
    """What else an event says."""
    return [AuditDetail(name, _text(it)) for name, it in said.items() if name not in _CHANGED]


def _text(value: object) -> str:
    if value is None:
        return _NOTHING
    return value if isinstance(value, str) else orjson.dumps(value).decode()
