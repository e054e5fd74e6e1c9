"""Events in the Elastic Common Schema (ECS), 8.17: https://www.elastic.co/docs/reference/ecs."""

from authgate.plugin_api.events import AuditEvent
from authgate.plugin_api.formats.kinds import kind_of

VERSION = "8.17.0"

_SEVERITIES = {"INFO": 21, "WARNING": 47, "CRITICAL": 99}
"""As rules of Elastic Security have them: low, medium, critical."""
_OURS = "authgate"


def as_ecs(event: AuditEvent) -> dict[str, object]:
    """The fields of ECS, and below ``authgate`` what it has none for."""
    kind = kind_of(event.type)
    found: dict[str, object] = {
        "@timestamp": event.occurred_at.isoformat(),
        "ecs": {"version": VERSION},
        "event": {
            "id": event.id,
            "kind": "event",
            "module": _OURS,
            "dataset": f"{_OURS}.audit",
            "action": event.type.lower().replace("_", "-"),
            "code": event.type,
            "category": list(kind.categories),
            "type": list(kind.types),
            "outcome": "success" if event.success else "failure",
            "severity": _SEVERITIES.get(event.severity, _SEVERITIES["INFO"]),
        },
        "log": {"level": event.severity.lower()},
        "organization": {"id": event.tenant},
        "service": {"type": _OURS, "name": _OURS},
        "user": _user(event),
        "related": _related(event),
        _OURS: _ours(event),
    }
    if event.address:
        found["source"] = {"ip": event.address}
    if event.user_agent:
        found["user_agent"] = {"original": event.user_agent}
    if event.request_id:
        found["http"] = {"request": {"id": event.request_id}}
    if event.resource_type == "group":
        found["group"] = {"id": event.resource_id}
    return {name: value for name, value in found.items() if value}


def _user(event: AuditEvent) -> dict[str, object]:
    found: dict[str, object] = {}
    if event.actor_type == "user":
        found = _present(id=event.actor_id, name=event.actor_name)
    if event.resource_type == "user" and event.resource_id != event.actor_id:
        found["target"] = {"id": event.resource_id}
    return found


def _related(event: AuditEvent) -> dict[str, object]:
    people = (event.actor_id, event.actor_name) if event.actor_type == "user" else ()
    touched = (event.resource_id,) if event.resource_type == "user" else ()
    users = list(dict.fromkeys(filter(None, (*people, *touched))))
    return _present(user=users, ip=[event.address] if event.address else [])


def _ours(event: AuditEvent) -> dict[str, object]:
    return _present(
        actor=_present(type=event.actor_type, id=event.actor_id, name=event.actor_name),
        client=_present(id=event.client_id),
        session=_present(id=event.session_id),
        resource=_present(type=event.resource_type, id=event.resource_id),
        lifecycle=event.lifecycle,
        # A flattened field: what it holds depends on the type, and a mapping of it has no end.
        details=dict(event.details),
    )


def _present(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}
