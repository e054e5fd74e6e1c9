"""``GET|POST /oauth/userinfo``: who the person is (OpenID Connect Core section 5.3)."""

from authgate.oauth import resources
from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.errors import InsufficientScope, InvalidToken, MissingToken
from authgate.tokens import group_claims, standard_claims
from authgate.tokens.signed_answer import SignedAnswers
from authgate.web.machine import NO_STORE, Handler, MachineRequest, Reply
from authgate_tenants import current_tenant

TOLD_OF_A_PERSON = frozenset({"openid", "profile", "email"})
"""Scopes that speak of a person. OpenID Connect asks for ``openid``; AuthGate's clients are told
their user without it."""


_JWT = (b"content-type", b"application/jwt")


def endpoint(*, bearer: BearerTokens, answers: SignedAnswers) -> Handler:
    """The endpoint."""

    async def userinfo(request: MachineRequest) -> Reply:
        presented = await _presented(bearer, request)
        scopes = set(presented.token.scope.split())
        if resources.is_for_others(presented.claims):
            raise InvalidToken("This token is for another resource server.")
        if presented.user is None:
            raise InvalidToken("This token is a machine's: it has no user.")
        if not scopes & TOLD_OF_A_PERSON:
            raise InsufficientScope("The token was not granted openid, profile or email.")
        client = presented.client
        known: dict[str, object] = {
            "sub": presented.subject,
            "iss": current_tenant().issuer,
            **standard_claims.of(presented.user, scopes),
            **await group_claims.of(presented.user, client.metadata, scopes),
        }
        if not client.metadata.userinfo_signed_response_alg:
            return Reply.json(200, known)
        signed = await answers.sign(known, client_id=client.client_id, typ="userinfo+jwt")
        return Reply(200, signed, (_JWT, *NO_STORE))

    return userinfo


async def _presented(bearer: BearerTokens, request: MachineRequest) -> Presented:
    try:
        return await bearer.presented(request, in_form=request.method == "POST")
    except MissingToken as error:
        # Only tokeninfo has a word of its own for this.
        raise InvalidToken("A bearer token is required.") from error
