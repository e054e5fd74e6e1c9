"""What each type of event is in the two schemas: the Elastic Common Schema has categories and types
(``event.category``, ``event.type``), OCSF a class and an activity of it.

A type that is not in the table is told by how its name ends: most are something that was made,
changed or removed.
"""

from dataclasses import dataclass

OTHER = 99
"""Of any class: an activity that the class has no number for."""

ACCOUNT, AUTHENTICATION, AUTHORIZATION, ENTITY, ACCESS, GROUP = range(3001, 3007)
API, FINDING = 6003, 2004


@dataclass(frozen=True, slots=True)
class Kind:
    """What a type of event is."""

    categories: tuple[str, ...]
    types: tuple[str, ...]
    class_uid: int
    activity_id: int


def _authentication(kind: str, activity: int, *more: str) -> Kind:
    return Kind(("authentication", *more), (kind,), AUTHENTICATION, activity)


def _account(kind: str, activity: int) -> Kind:
    return Kind(("iam",), ("user", kind), ACCOUNT, activity)


def _access(activity: int) -> Kind:
    return Kind(("iam",), ("user", "change"), ACCESS, activity)


def _members(activity: int) -> Kind:
    return Kind(("iam",), ("group", "change"), GROUP, activity)


def _entity(category: str, kind: str, activity: int, *more: str) -> Kind:
    return Kind((category,), (*more, kind), ENTITY, activity)


def _api(kind: str, activity: int) -> Kind:
    return Kind(("api",), (kind,), API, activity)


_SIGN_IN = _authentication("start", 1)
_SIGN_OUT = _authentication("end", 2, "session")
_MORE_ASKED = _authentication("info", 6)
_TOKEN = Kind(("session",), ("start",), AUTHORIZATION, 1)
_TOKEN_ENDED = Kind(("session",), ("end",), API, 4)
_DECISION = _api("info", 3)
_FACTOR_ADDED, _FACTOR_REMOVED = _account("change", 10), _account("change", 11)
_USER_CHANGED = _account("change", OTHER)
_FINDING = Kind(("intrusion_detection",), ("info",), FINDING, 1)
_REFUSED = Kind(("api",), ("denied",), API, OTHER)
_ASKED = _entity("iam", "info", OTHER, "admin")

_KINDS = {
    "AUTHENTICATION_SUCCESS": _SIGN_IN,
    "AUTHENTICATION_FAILURE": _SIGN_IN,
    "ACCOUNT_LOCKED": _account("change", 9),
    "LOGIN_DENIED": _SIGN_IN,
    "LOGOUT": _SIGN_OUT,
    "OAUTH_AUTHENTICATION": _SIGN_IN,
    "SESSION_REVOKED": _SIGN_OUT,
    "SECOND_FACTOR_ASKED": _MORE_ASKED,
    "SECOND_FACTOR_ENROLLED": _FACTOR_ADDED,
    "SECOND_FACTOR_REMOVED": _FACTOR_REMOVED,
    "SECOND_FACTOR_RESET": _FACTOR_REMOVED,
    "PASSKEY_RENAMED": _USER_CHANGED,
    "RECOVERY_CODES_REPLACED": _FACTOR_ADDED,
    "REMEMBERED_DEVICE_FORGOTTEN": _USER_CHANGED,
    "DEVICE_CODE_GENERATED": _api("creation", 1),
    "DEVICE_CODE_AUTHORIZED": _api("allowed", 3),
    "DEVICE_CODE_DENIED": _api("denied", 3),
    "DEVICE_CODE_REPORTED": _FINDING,
    "AUTHORIZATION_CODE_GENERATED": _api("creation", 1),
    "AUTHORIZATION_CODE_DENIED": _api("denied", 3),
    "USER_AUTHORIZATION_GRANTED": _access(1),
    "USER_AUTHORIZATION_REVOKED": _access(2),
    "TOKEN_REFRESHED": _TOKEN,
    "TOKEN_REVOKED": _TOKEN_ENDED,
    "TOKEN_DISABLED": _api("change", 3),
    "TOKEN_ENABLED": _api("change", 3),
    "ACCESS_TOKEN_ISSUED": _TOKEN,
    "TOKEN_EXCHANGED": _TOKEN,
    "CLIENT_CREDENTIALS_TOKEN_ISSUED": _TOKEN,
    "CLIENT_AUTHENTICATION_FAILURE": _SIGN_IN,
    "CLIENT_SECRET_EXPOSED": _FINDING,
    "CLIENT_TOKENS_REVOKED_ALL": _TOKEN_ENDED,
    "USER_CREATED": _account("creation", 1),
    "USER_UPDATED": _USER_CHANGED,
    "USER_DELETED": _account("deletion", 6),
    "USER_JOIN_ASKED": _account("info", OTHER),
    "USER_INVITED": _account("info", OTHER),
    "USER_INVITATION_WITHDRAWN": _account("info", OTHER),
    "USER_INVITATION_ACCEPTED": _account("creation", 1),
    "USERS_IMPORTED": _account("creation", 1),
    "USER_DISABLED": _account("change", 5),
    "USER_ENABLED": _account("change", 2),
    "USER_ROLE_CHANGED": _access(1),
    "USER_PASSWORD_RESET": _account("change", 4),
    "USER_PASSWORD_FORGOTTEN": _account("info", OTHER),
    "USER_PASSWORD_CHANGED": _account("change", 3),
    "USER_EMAIL_ASKED": _account("info", OTHER),
    "USER_EMAIL_VERIFIED": _USER_CHANGED,
    "USER_EMAIL_CHANGED": _USER_CHANGED,
    "USER_EMAIL_CHANGE_UNDONE": _USER_CHANGED,
    "USER_DATA_TAKEN": Kind(("iam",), ("user", "info"), ENTITY, 2),
    "USER_DELETION_REQUESTED": _account("info", OTHER),
    "USER_DELETION_WITHDRAWN": _account("info", OTHER),
    "USER_ERASURE_REQUESTED": _account("info", OTHER),
    "IDENTITY_LINKED": _USER_CHANGED,
    "IDENTITY_UNLINKED": _USER_CHANGED,
    "GROUP_CREATED": _entity("iam", "creation", 1, "group"),
    "GROUP_UPDATED": _entity("iam", "change", 3, "group"),
    "GROUP_DELETED": _entity("iam", "deletion", 4, "group"),
    "GROUP_MEMBERS_ADDED": _members(3),
    "GROUP_MEMBERS_REMOVED": _members(4),
    "IMPERSONATION_ASKED": _ASKED,
    "IMPERSONATION_ALLOWED": _ASKED,
    "IMPERSONATION_REFUSED": _ASKED,
    "IMPERSONATION_BEGUN": _authentication("start", OTHER, "session"),
    "IMPERSONATION_ENDED": _SIGN_OUT,
    "TENANT_SIGN_UP_REQUESTED": _ASKED,
    "TENANT_SIGN_UP_INVITED": _ASKED,
    "TENANT_DELETION_REQUESTED": _ASKED,
    "TENANT_EXPORTED": _entity("configuration", "access", 2),
    "TENANT_SHREDDED": _entity("configuration", "deletion", 4),
    "PLUGIN_ACTION": _entity("configuration", "change", 3),
    "MAIL_SERVER_TRIED": _entity("configuration", "info", OTHER),
    "ANNOUNCEMENT_MADE": _entity("configuration", "creation", 1),
    "OPERATOR_ACCESS_ASKED": _ASKED,
    "OPERATOR_ACCESS_APPROVED": _ASKED,
    "OPERATOR_ACCESS_REFUSED": _ASKED,
    "OPERATOR_ACCESS_EMERGENCY": _ASKED,
    "OPERATOR_ACCESS_DOOR_OPENED": _ASKED,
    "TENANT_DATA_VIEWED": Kind(("iam",), ("info",), ENTITY, 2),
    "OPERATOR_ACCESS_ENTERED": _authentication("start", 1, "session"),
    "OPERATOR_ACCESS_ENDED": _SIGN_OUT,
    "QUOTA_EXCEEDED": _REFUSED,
    "RATE_LIMIT_EXCEEDED": _REFUSED,
    "ADDRESS_BLOCKED": _entity("configuration", "creation", 1),
    "ADDRESS_UNBLOCKED": _entity("configuration", "deletion", 4),
    "SUSPICIOUS_ACTIVITY": _FINDING,
    "WEBHOOK_TESTED": _entity("configuration", "info", OTHER),
    "WEBHOOK_REPLAYED": _entity("configuration", "access", 2),
    "SECURITY_ALERT": _FINDING,
    "ALERT_ACKNOWLEDGED": _entity("configuration", "change", 3),
    "ALERT_CLOSED": _entity("configuration", "change", 3),
    "AUDIT_CHECKPOINT": _entity("configuration", "info", OTHER),
    "AUDIT_LOG_BROKEN": _FINDING,
    "AUDIT_LOG_VERIFIED": _entity("configuration", "info", OTHER),
    "AUDIT_SEARCH_SHARED": _entity("configuration", "creation", 1),
    "AUDIT_SEARCH_REMOVED": _entity("configuration", "deletion", 4),
}

_ENDINGS = {
    ("creation", 1): "CREATED REGISTERED ADDED ALLOWED IMPORTED SIGNED_UP REQUESTED",
    ("access", 2): "READ VIEWED EXPORTED SEARCHED DOWNLOADED TAKEN",
    ("change", 3): "UPDATED CHANGED APPROVED REJECTED SUSPENDED RESUMED RESTORED ROTATED"
    " REGENERATED VERIFIED MISSING FOUND LAPSED BEGUN EXPLAINED RETRIED PAUSED",
    ("deletion", 4): "DELETED REMOVED WITHDRAWN REVOKED ENDED CANCELLED ERASED",
}


def named(event_type: str) -> Kind | None:
    """What events of this type are; nothing where neither the table nor the name says so."""
    found = _KINDS.get(event_type)
    if found is not None:
        return found
    for (kind, activity), endings in _ENDINGS.items():
        if event_type.endswith(tuple(f"_{each}" for each in endings.split())):
            return _entity("configuration", kind, activity)
    return None


def kind_of(event_type: str) -> Kind:
    """What events of this type are. One that nobody knows is about something of the tenant's."""
    return named(event_type) or _entity("configuration", "info", OTHER)
