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
    Event.WEBHOOK_CREATED: "Events are sent to an address from now on; `details` say which.",
    Event.WEBHOOK_UPDATED: (
        "Other events are sent there, or to another address; `details` say what was and what is."
    ),
    Event.WEBHOOK_DELETED: "Nothing is sent there any more.",
    Event.WEBHOOK_SECRET_ADDED: (
        "What is sent there is signed with one more secret; `details` say until when the former"
        " ones sign."
    ),
    Event.WEBHOOK_SECRET_REMOVED: "One of these secrets signs no more.",
    Event.WEBHOOK_TESTED: "A test event was sent there; it failed where it was not taken.",
    Event.WEBHOOK_PAUSED: (
        "The address took nothing for days, or said that it is gone: it is left alone until"
        " somebody resumes it."
    ),
    Event.WEBHOOK_RESUMED: "It is sent events again, from where it was left alone.",
    Event.WEBHOOK_REPLAYED: "Events are sent there once more; `details` say how many.",
    Event.AUDIT_EXPORT_REQUESTED: (
        "The log was asked for as a file; `details` say which events, and in which format."
    ),
    Event.AUDIT_EXPORT_DOWNLOADED: "Somebody takes such a file along.",
    Event.AUDIT_EXPORT_DELETED: "Such a file was removed, or is not written any more.",
    Event.AUDIT_SEARCH_SHARED: (
        "A search of the log was given a name for everybody who may read it; `details` say which."
    ),
    Event.AUDIT_SEARCH_REMOVED: "Such a search was removed.",
}
