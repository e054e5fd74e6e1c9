"""What devices and applications ask for, and the tokens that they are given."""

from authgate.audit.events import Event

GRANTING = {
    Event.DEVICE_CODE_GENERATED: "A device asked for a code.",
    Event.DEVICE_CODE_AUTHORIZED: "Somebody approved it.",
    Event.DEVICE_CODE_DENIED: "Somebody denied it.",
    Event.DEVICE_CODE_REPORTED: "Somebody denied it and said that it was not theirs.",
    Event.AUTHORIZATION_CODE_GENERATED: "A person let an application in, and it was given a code.",
    Event.AUTHORIZATION_CODE_DENIED: "A person did not let an application in.",
    Event.USER_AUTHORIZATION_GRANTED: (
        "A person allowed an application what it asked for; `details` say what."
    ),
    Event.USER_AUTHORIZATION_REVOKED: (
        "A person took back what an application or device may do in their name."
    ),
    Event.TOKEN_REFRESHED: "An application was given another access token for a refresh token.",
    Event.TOKEN_REVOKED: "A client gave a token back, or an administrator ended one.",
    Event.TOKEN_DISABLED: "A token works no longer until it is enabled again.",
    Event.TOKEN_ENABLED: "A token that was disabled works again.",
    Event.ACCESS_TOKEN_ISSUED: "A person's device was given a token.",
    Event.TOKEN_EXCHANGED: "A client was given a token in exchange for another one.",
    Event.CLIENT_CREDENTIALS_TOKEN_ISSUED: "A machine was given a token.",
}
