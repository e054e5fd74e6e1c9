"""People who sign in, and what they prove who they are by."""

from authgate.audit.events import Event

SIGNING_IN = {
    Event.AUTHENTICATION_SUCCESS: (
        "Somebody signed in with a password, or showed their second factor; `details` say which."
    ),
    Event.AUTHENTICATION_FAILURE: (
        "Nobody was signed in; `details` say why. A name that nobody has is not written down."
    ),
    Event.ACCOUNT_LOCKED: (
        "So many failures in a row that the account has to wait: at that place, or everywhere."
    ),
    Event.LOGIN_DENIED: (
        "A plugin let somebody not in who had proven who they are, asked for more, or could not be "
        "asked; `details` say which."
    ),
    Event.LOGOUT: "A browser's session ended: signed out, or somebody else signed in.",
    Event.OAUTH_AUTHENTICATION: (
        "Somebody came back from another identity provider; `success` says how it ended."
    ),
    Event.SESSION_REVOKED: (
        "Somebody ended one or more of their other sessions, or an administrator all of a person's."
    ),
    Event.SECOND_FACTOR_ASKED: (
        "Somebody has shown one factor and is asked for the second; `details` say which."
    ),
    Event.SECOND_FACTOR_ENROLLED: "Somebody set up a second factor; `details` say of which kind.",
    Event.SECOND_FACTOR_REMOVED: "Somebody removed a second factor of theirs.",
    Event.SECOND_FACTOR_RESET: (
        "An administrator removed all second factors of a user, who was signed out everywhere."
    ),
    Event.PASSKEY_RENAMED: "Somebody calls a passkey of theirs otherwise; `details` say how.",
    Event.RECOVERY_CODES_REPLACED: (
        "Somebody was given new recovery codes; the former ones are void."
    ),
    Event.REMEMBERED_DEVICE_FORGOTTEN: (
        "A browser asks for a second factor again, or all of a person do; `details` say which."
    ),
}
