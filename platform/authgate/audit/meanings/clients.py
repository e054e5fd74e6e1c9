"""Applications, and the scopes that they may ask for."""

from authgate.audit.events import Event

CLIENTS = {
    Event.CLIENT_AUTHENTICATION_FAILURE: "A client did not prove who it is.",
    Event.CLIENT_SECRET_EXPOSED: "A client sent its secret in a URL: replace it.",
    Event.CLIENT_CREATED: "A client was created.",
    Event.CLIENT_REGISTERED: (
        "A client registered itself; `details` say where it wants answers, and if it waits."
    ),
    Event.CLIENT_REGISTRATION_ALLOWED: (
        "An initial access token was made; `details` say how often and until when it may be used."
    ),
    Event.CLIENT_REGISTRATION_WITHDRAWN: "An initial access token was taken back.",
    Event.CLIENT_UPDATED: (
        "A client was changed, is served no longer, or again; `details` say what is so now."
    ),
    Event.CLIENT_DELETED: "A client was removed, with all that it was given.",
    Event.SCOPE_CREATED: "A scope was described.",
    Event.SCOPE_UPDATED: "A scope was described anew.",
    Event.SCOPE_DELETED: "What was said of a scope was removed.",
    Event.CLIENT_APPROVED: "A client that waited for an administrator is served.",
    Event.CLIENT_REJECTED: "A client that waited for an administrator is not served.",
    Event.CLIENT_TOKENS_REVOKED_ALL: (
        "Whatever a client was given ended at once; `details` say how many tokens."
    ),
    Event.CLIENT_SECRET_REGENERATED: "A client was given a new secret.",
}
