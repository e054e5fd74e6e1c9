"""The audit log itself."""

from authgate.audit.events import Event

AUDITING = {
    Event.AUDIT_LOG_VIEWED: (
        "Somebody looked at the log; `details` say what for. Of the same within a quarter of an"
        " hour there is one."
    ),
}
