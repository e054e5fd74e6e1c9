"""``GET|POST /oauth/userinfo``: who the person is (OpenID Connect Core section 5.3)."""

from authgate.oauth.bearer import BearerTokens
from authgate.oauth.errors import InsufficientScope, InvalidToken
from authgate.storage import users
from authgate.storage.users import User
from authgate.web.machine import Handler, MachineRequest, Reply
from authgate_tenants import current_tenant

PERSONAL_SCOPES = frozenset({"openid", "profile", "email"})
"""Scopes that speak of a person. OpenID Connect asks for ``openid``; AuthGate's clients are told
their user without it."""


def endpoint(*, bearer: BearerTokens) -> Handler:
    """The endpoint."""

    async def userinfo(request: MachineRequest) -> Reply:
        token = await bearer.presented(request)
        scopes = set(token.scope.split())
        if token.user_id is None:
            raise InvalidToken("This token is a machine's: it has no user.")
        if not scopes & PERSONAL_SCOPES:
            raise InsufficientScope("The token was not granted openid, profile or email.")
        user = await users.find(token.user_id)
        if user is None or not user.is_active:
            raise InvalidToken("The user can no longer sign in.")
        return Reply.json(200, _claims(user, scopes))

    return userinfo


def _claims(user: User, scopes: set[str]) -> dict[str, object]:
    claims: dict[str, object] = {"sub": user.subject, "iss": current_tenant().issuer}
    if "profile" in scopes:
        claims |= {
            "name": user.name or user.username,
            "preferred_username": user.username,
            "updated_at": int(user.updated_at.timestamp()),
        }
        if user.picture:
            claims["picture"] = user.picture
    if "email" in scopes and user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    return claims
