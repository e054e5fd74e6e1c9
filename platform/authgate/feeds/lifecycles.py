"""Which events of the audit log are the life of somebody or something, as plugins are told."""

from authgate.audit import Event
from authgate.plugin_api import Lifecycle

_KINDS = {
    Event.TENANT_CREATED: Lifecycle.TENANT_CREATED,
    Event.TENANT_UPDATED: Lifecycle.TENANT_CHANGED,
    Event.TENANT_SUSPENDED: Lifecycle.TENANT_SUSPENDED,
    Event.TENANT_RESUMED: Lifecycle.TENANT_RESUMED,
    Event.TENANT_DELETION_REQUESTED: Lifecycle.TENANT_LEAVING,
    Event.TENANT_RESTORED: Lifecycle.TENANT_RESTORED,
    Event.CLIENT_CREATED: Lifecycle.CLIENT_CREATED,
    Event.CLIENT_REGISTERED: Lifecycle.CLIENT_CREATED,
    Event.CLIENT_UPDATED: Lifecycle.CLIENT_CHANGED,
    Event.CLIENT_DELETED: Lifecycle.CLIENT_DELETED,
    Event.USER_CREATED: Lifecycle.USER_CREATED,
    Event.USER_UPDATED: Lifecycle.USER_CHANGED,
    Event.USER_ROLE_CHANGED: Lifecycle.USER_CHANGED,
    Event.USER_EMAIL_CHANGED: Lifecycle.USER_CHANGED,
    Event.USER_EMAIL_CHANGE_UNDONE: Lifecycle.USER_CHANGED,
    Event.USER_DISABLED: Lifecycle.USER_DISABLED,
    Event.USER_ENABLED: Lifecycle.USER_ENABLED,
    Event.USER_DELETED: Lifecycle.USER_DELETED,
    Event.AUTHENTICATION_SUCCESS: Lifecycle.USER_SIGNED_IN,
    Event.OAUTH_AUTHENTICATION: Lifecycle.USER_SIGNED_IN,
    Event.LOGOUT: Lifecycle.USER_SIGNED_OUT,
    Event.SESSION_REVOKED: Lifecycle.USER_SIGNED_OUT,
    Event.GROUP_CREATED: Lifecycle.GROUP_CREATED,
    Event.GROUP_UPDATED: Lifecycle.GROUP_CHANGED,
    Event.GROUP_MEMBERS_ADDED: Lifecycle.GROUP_CHANGED,
    Event.GROUP_MEMBERS_REMOVED: Lifecycle.GROUP_CHANGED,
    Event.GROUP_DELETED: Lifecycle.GROUP_DELETED,
    Event.USER_AUTHORIZATION_GRANTED: Lifecycle.CONSENT_GRANTED,
    Event.USER_AUTHORIZATION_REVOKED: Lifecycle.CONSENT_REVOKED,
}
_BY_TYPE = {str(event): kind for event, kind in _KINDS.items()}


def of(event_type: str) -> Lifecycle | None:
    """What an event of this type says of a life, if it says anything."""
    return _BY_TYPE.get(event_type)


def types_of(kind: Lifecycle) -> list[Event]:
    """The types of events that say so."""
    return [event for event, each in _KINDS.items() if each is kind]
