"""Events in the Open Cybersecurity Schema Framework (OCSF), 1.2: https://schema.ocsf.io/1.2.0."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from authgate.plugin_api.events import AuditEvent
from authgate.plugin_api.formats.kinds import (
    ACCESS,
    ACCOUNT,
    API,
    AUTHENTICATION,
    AUTHORIZATION,
    ENTITY,
    FINDING,
    GROUP,
    OTHER,
    kind_of,
)

VERSION = "1.2.0"

_CATEGORIES = {2: "Findings", 3: "Identity & Access Management", 6: "Application Activity"}
_CRUD = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
_CLASSES: Mapping[int, tuple[str, Mapping[int, str]]] = {
    ACCOUNT: (
        "Account Change",
        {
            1: "Create",
            2: "Enable",
            3: "Password Change",
            4: "Password Reset",
            5: "Disable",
            6: "Delete",
            9: "Lock",
            10: "MFA Factor Enable",
            11: "MFA Factor Disable",
        },
    ),
    AUTHENTICATION: ("Authentication", {1: "Logon", 2: "Logoff", 6: "Preauth"}),
    AUTHORIZATION: ("Authorize Session", {1: "Assign Privileges"}),
    ENTITY: ("Entity Management", _CRUD),
    ACCESS: ("User Access Management", {1: "Assign Privileges", 2: "Revoke Privileges"}),
    GROUP: ("Group Management", {3: "Add User", 4: "Remove User"}),
    API: ("API Activity", _CRUD),
    FINDING: ("Detection Finding", {1: "Create"}),
}
_SEVERITIES = {"INFO": (1, "Informational"), "WARNING": (3, "Medium"), "CRITICAL": (5, "Critical")}
_EPOCH, _MILLISECOND = datetime.fromtimestamp(0, UTC), timedelta(milliseconds=1)
_PRODUCT = {"name": "AuthGate", "vendor_name": "AuthGate"}
_HERE = {"name": "AuthGate"}
"""The service, and where something came from that came in no request."""


def as_ocsf(event: AuditEvent) -> dict[str, object]:
    """The attributes of the event's class, and in ``unmapped`` what that has none for."""
    kind = kind_of(event.type)
    class_name, activities = _CLASSES[kind.class_uid]
    category = kind.class_uid // 1000
    severity_id, severity = _SEVERITIES.get(event.severity, _SEVERITIES["INFO"])
    activity = activities.get(kind.activity_id, event.type)
    return {
        "category_uid": category,
        "category_name": _CATEGORIES[category],
        "class_uid": kind.class_uid,
        "class_name": class_name,
        "activity_id": kind.activity_id,
        "activity_name": activity,
        "type_uid": kind.class_uid * 100 + kind.activity_id,
        "type_name": f"{class_name}: {'Other' if kind.activity_id == OTHER else activity}",
        "time": (event.occurred_at - _EPOCH) // _MILLISECOND,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1 if event.success else 2,
        "status": "Success" if event.success else "Failure",
        "message": event.type,
        "metadata": _metadata(event),
        **_OF_CLASSES[kind.class_uid](event),
        "unmapped": _unmapped(event),
    }


def _metadata(event: AuditEvent) -> dict[str, object]:
    return {
        "version": VERSION,
        "product": _PRODUCT,
        "uid": event.id,
        "event_code": event.type,
        "log_name": "audit",
        "tenant_uid": event.tenant,
        **_present(correlation_uid=event.request_id),
    }


def _account(event: AuditEvent) -> dict[str, object]:
    return _came(event) | {"user": _whom(event)}


def _authentication(event: AuditEvent) -> dict[str, object]:
    # Who is signed in is who acts, but where an operator or administrator does so as somebody.
    return _came(event) | {"user": _who(event), "service": _service(event)}


def _authorization(event: AuditEvent) -> dict[str, object]:
    return _came(event) | {"user": _who(event), "privileges": _privileges(event)}


def _access(event: AuditEvent) -> dict[str, object]:
    return _came(event) | {"user": _whom(event), "privileges": _privileges(event)}


def _group(event: AuditEvent) -> dict[str, object]:
    # It has room for one of those who were added: all of them are in the details.
    return _came(event) | {"user": _who(event), "group": {"uid": event.resource_id or event.tenant}}


def _entity(event: AuditEvent) -> dict[str, object]:
    uid = event.resource_id or event.tenant
    return _came(event) | {"entity": {"type": event.resource_type or "tenant", "uid": uid}}


def _api(event: AuditEvent) -> dict[str, object]:
    operation: dict[str, object] = {"operation": event.type, "service": _service(event)}
    return {"src_endpoint": _HERE, **_came(event), "api": operation}


def _finding(event: AuditEvent) -> dict[str, object]:
    title = event.type.replace("_", " ").capitalize()
    evidence = {"actor": _actor(event), **_endpoint(event)}
    return {"finding_info": {"uid": event.id, "title": title}, "evidences": [evidence]}


_OF_CLASSES: Mapping[int, Callable[[AuditEvent], dict[str, object]]] = {
    ACCOUNT: _account,
    AUTHENTICATION: _authentication,
    AUTHORIZATION: _authorization,
    ENTITY: _entity,
    ACCESS: _access,
    GROUP: _group,
    API: _api,
    FINDING: _finding,
}


def _came(event: AuditEvent) -> dict[str, object]:
    """Who did it, and from where."""
    request = _present(uid=event.request_id, user_agent=event.user_agent)
    return {
        "actor": _actor(event),
        **_endpoint(event),
        **_present(http_request=request),
    }


def _endpoint(event: AuditEvent) -> dict[str, object]:
    return {"src_endpoint": {"ip": event.address}} if event.address else {}


def _actor(event: AuditEvent) -> dict[str, object]:
    return {"user": _who(event), **_present(session=_present(uid=event.session_id))}


def _who(event: AuditEvent) -> dict[str, object]:
    type_id = {"user": 1, "client": 3, "system": 3}.get(event.actor_type, 0)
    named = _present(uid=event.actor_id, name=event.actor_name)
    return {**(named or {"name": event.actor_type}), "type_id": type_id, "type": event.actor_type}


def _whom(event: AuditEvent) -> dict[str, object]:
    """Whom it was done to; who did it where that is nobody else."""
    if event.resource_type != "user" or not event.resource_id:
        return _who(event)
    return {"uid": event.resource_id, "type_id": 1, "type": "user"}


def _service(event: AuditEvent) -> dict[str, object]:
    return _HERE | _present(uid=event.client_id)


def _privileges(event: AuditEvent) -> list[str]:
    scope = event.details.get("scope")
    if isinstance(scope, str):
        return scope.split()
    return [each for each in scope if isinstance(each, str)] if isinstance(scope, list) else []


def _unmapped(event: AuditEvent) -> dict[str, object]:
    return _present(
        client_id=event.client_id,
        resource_type=event.resource_type,
        resource_id=event.resource_id,
        lifecycle=event.lifecycle,
        details=dict(event.details),
    )


def _present(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}
