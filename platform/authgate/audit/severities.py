"""Which events deserve more attention than others."""

from authgate.audit.events import Event
from authgate.vocabulary import Severity

SEVERITIES = {
    Event.AUTHENTICATION_FAILURE: Severity.WARNING,
    Event.CLIENT_AUTHENTICATION_FAILURE: Severity.WARNING,
    Event.DEVICE_CODE_DENIED: Severity.WARNING,
    Event.LOGIN_DENIED: Severity.WARNING,
    Event.TENANT_DELETION_REQUESTED: Severity.WARNING,
    Event.TENANT_DOMAIN_LAPSED: Severity.WARNING,
    Event.TENANT_DOMAIN_PROOF_MISSING: Severity.WARNING,
    Event.TENANT_EXPORTED: Severity.WARNING,
    Event.AUDIT_EXPORT_REQUESTED: Severity.WARNING,
    Event.AUDIT_EXPORT_DOWNLOADED: Severity.WARNING,
    Event.RATE_LIMIT_EXCEEDED: Severity.WARNING,
    Event.MAIL_SERVER_CHANGED: Severity.WARNING,
    Event.ADDRESS_BLOCKED: Severity.WARNING,
    Event.QUOTA_EXCEEDED: Severity.WARNING,
    Event.PROVISIONING_ALLOWED: Severity.WARNING,
    Event.USER_ROLE_CHANGED: Severity.WARNING,
    Event.SECOND_FACTOR_REMOVED: Severity.WARNING,
    Event.SECOND_FACTOR_RESET: Severity.WARNING,
    Event.IMPERSONATION_ASKED: Severity.WARNING,
    Event.IMPERSONATION_BEGUN: Severity.WARNING,
    Event.USER_DELETION_REQUESTED: Severity.WARNING,
    Event.USER_EMAIL_CHANGED: Severity.WARNING,
    Event.USER_EMAIL_CHANGE_UNDONE: Severity.CRITICAL,
    Event.OPERATOR_ACCESS_ASKED: Severity.WARNING,
    Event.OPERATOR_ACCESS_DOOR_OPENED: Severity.WARNING,
    Event.OPERATOR_ACCESS_ENTERED: Severity.WARNING,
    Event.OPERATOR_ACCESS_EMERGENCY: Severity.CRITICAL,
    Event.ACCOUNT_LOCKED: Severity.CRITICAL,
    Event.CLIENT_SECRET_EXPOSED: Severity.CRITICAL,
    Event.DEVICE_CODE_REPORTED: Severity.CRITICAL,
    Event.SIGNING_KEY_REVOKED: Severity.CRITICAL,
    Event.SUSPICIOUS_ACTIVITY: Severity.CRITICAL,
    Event.AUDIT_LOG_BROKEN: Severity.CRITICAL,
    Event.TENANT_SHREDDED: Severity.CRITICAL,
}
"""Of the events that are more than information."""
