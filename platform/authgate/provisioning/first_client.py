"""The client that a tenant begins with: good for trying any framework out on one's own machine.

It keeps no secret, so nothing that is pasted from the first page is one. It is native, so that each
framework may listen at its own port of ``localhost`` (RFC 8252 section 7.3).
"""

from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.vocabulary import ApplicationType

CLIENT_ID = "first-app"

REDIRECT_URIS = (
    "http://localhost/callback",
    "http://localhost/api/auth/callback/authgate",
    "http://localhost/login/oauth2/code/authgate",
    "http://127.0.0.1/callback",
)
"""Of Express, Flask, Django, Go and pages; of Auth.js; of Spring Security; of programs."""

PAGES = ("http://localhost:5173", "http://localhost:3000")
"""Where pages without a server are developed, by what serves them."""


def draft() -> ClientDraft:
    """What it begins as."""
    return ClientDraft(
        client_id=CLIENT_ID,
        name="First application",
        description="For trying out: it works on localhost only. Delete it when you are done.",
        grant_types=[
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        scopes=["openid", "profile", "email", "offline_access"],
        redirect_uris=list(REDIRECT_URIS),
        application_type=ApplicationType.NATIVE,
        public=True,
        metadata=ClientMetadata(
            allowed_origins=PAGES, post_logout_redirect_uris=("http://localhost/",)
        ),
    )
