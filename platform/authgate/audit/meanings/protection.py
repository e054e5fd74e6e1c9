"""Keys, limits, and whoever is kept out."""

from authgate.audit.events import Event

PROTECTION = {
    Event.SIGNING_KEY_ROTATED: "The waiting key signs from now on.",
    Event.SIGNING_KEY_IMPORTED: (
        "A key that somebody has brought waits to sign; `details` say in place of which."
    ),
    Event.SIGNING_KEY_REVOKED: "A key was ended, and its tokens with it.",
    Event.QUOTA_EXCEEDED: (
        "More people signed in this month than `details` say the plan allows; said once a month."
    ),
    Event.ADDRESS_BLOCKED: "A network is kept out of the tenant; `details` say why.",
    Event.ADDRESS_BLOCK_EXPLAINED: (
        "A network is kept out for another reason; `details` say which it was and which it is."
    ),
    Event.ADDRESS_UNBLOCKED: "A network is let in again.",
    Event.RATE_LIMIT_EXCEEDED: (
        "A limit refused somebody; at most once a minute for each limit and subject."
    ),
    Event.SUSPICIOUS_ACTIVITY: (
        "A used code or refresh token came back, or another client's; `details` say what ended."
    ),
    Event.SECURITY_ALERT: (
        "A rule found something in the log that deserves a look; `details` say which rule, whom it"
        " is about, and how bad it is."
    ),
    Event.ALERT_ACKNOWLEDGED: "Somebody looks after an alert.",
    Event.ALERT_CLOSED: "Somebody is done with an alert.",
}
