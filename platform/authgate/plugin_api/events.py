"""What plugins are told of what has happened at a tenant, after it was committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Lifecycle(StrEnum):
    """What came, changed or went."""

    TENANT_CREATED = "tenant.created"
    TENANT_CHANGED = "tenant.changed"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_RESUMED = "tenant.resumed"
    TENANT_LEAVING = "tenant.leaving"
    TENANT_RESTORED = "tenant.restored"
    CLIENT_CREATED = "client.created"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DELETED = "client.deleted"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    USER_SIGNED_IN = "user.signed_in"
    USER_SIGNED_OUT = "user.signed_out"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    CONSENT_GRANTED = "consent.granted"
    CONSENT_REVOKED = "consent.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that happened at a tenant, as its audit log has it. Secrets are not in it."""

    id: str
    """What is told again has the same: whoever knows it already leaves it out."""

    tenant: str
    """Slug of the tenant."""

    type: str
    """Such as ``AUTHENTICATION_SUCCESS``: docs/audit-events.md has all of them."""

    lifecycle: Lifecycle | None
    """What came, changed or went, if the event tells of that and it succeeded: these words stay,
    while types are added and become finer."""

    severity: str
    """``INFO``, ``WARNING`` or ``CRITICAL``."""

    occurred_at: datetime
    """In UTC."""

    success: bool
    actor_type: str
    """``user``, ``client``, ``system`` or ``anonymous``."""

    actor_id: str
    actor_name: str
    client_id: str
    """The client that it was about, or done through."""

    resource_type: str
    """What was touched, such as ``user``; possibly nothing."""

    resource_id: str
    address: str
    """The IP address that it came from; empty outside of a request."""

    user_agent: str
    request_id: str
    session_id: str = ""
    """The browser's session that it happened in, where it is known: nobody gets in by it. 1.3."""

    details: Mapping[str, object] = field(repr=False)
    """What JSON can carry; what it is depends on the type. What could be a secret is ``***``."""
