"""The audit log itself."""

from authgate.audit.events import Event

AUDITING = {
    Event.AUDIT_LOG_VIEWED: (
        "Somebody looked at the log; `details` say what for. Of the same within a quarter of an"
        " hour there is one."
    ),
    Event.AUDIT_CHECKPOINT: (
        "How far the log had come, signed; once an hour where something happened since."
    ),
    Event.AUDIT_LOG_BROKEN: (
        "The newest seal of the log was not this installation's, or the log ended before a seal"
        " that was seen: another chain begins behind it, and `authgate audit verify` says what"
        " was changed."
    ),
    Event.AUDIT_LOG_VERIFIED: (
        "The log was checked because somebody asked for that: a success where it is as it was"
        " sealed; `details` say up to which place, how many events, and how many faults."
    ),
    Event.AUDIT_EVENTS_REMOVED: (
        "Events went whose time was over; `details` say up to which place, and how many."
    ),
    Event.AUDIT_PERSON_ERASED: (
        "What told of a person who is gone was emptied in the log; `details` say at which places."
    ),
    Event.AUDIT_EXPORT_REQUESTED: (
        "The log was asked for as a file; `details` say which events, and in which format."
    ),
    Event.AUDIT_EXPORT_DOWNLOADED: "Somebody takes such a file along.",
    Event.AUDIT_EXPORT_DELETED: "Such a file was removed, or is not written any more.",
}
