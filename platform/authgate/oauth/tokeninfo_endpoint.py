"""``GET /oauth/tokeninfo``: what a resource server asks about a token it was shown (AuthGate)."""

from authgate.oauth.bearer import BearerTokens
from authgate.web.machine import Handler, MachineRequest, Reply


def endpoint(*, bearer: BearerTokens) -> Handler:
    """The endpoint."""

    async def tokeninfo(request: MachineRequest) -> Reply:
        presented = await bearer.presented(request)
        token = presented.token
        is_person = token.user_id is not None
        return Reply.json(
            200,
            {
                "active": True,
                "user_id": presented.subject,
                "client_id": token.client_id,
                "scope": token.scope,
                "exp": int(token.expires_at.timestamp()),
                "iss": presented.claims["iss"],
                "subject_type": "user" if is_person else "client",
            },
        )

    return tokeninfo
