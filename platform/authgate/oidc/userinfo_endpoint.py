"""``GET|POST /oauth/userinfo``: who the person is (OpenID Connect Core section 5.3)."""

from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.errors import InsufficientScope, InvalidToken, MissingToken
from authgate.tokens import audiences, group_claims, standard_claims
from authgate.tokens.signed_answer import SignedAnswers
from authgate.web.limits import Limits
from authgate.web.machine import NO_STORE, Handler, Headers, MachineRequest, Reply
from authgate_tenants import current_tenant

TOLD_OF_A_PERSON = frozenset({"openid", "profile", "email"}) | group_claims.SCOPES
"""Scopes that speak of a person. OpenID Connect asks for ``openid``; AuthGate's clients are told
their user without it, and a token that cannot bear somebody's groups refers to here."""

LIMIT = "userinfo_per_subject"
"""Of one person, whichever application asks; where the plan says one."""

_JWT = (b"content-type", b"application/jwt")


def endpoint(*, bearer: BearerTokens, answers: SignedAnswers, limits: Limits) -> Handler:
    """The endpoint."""

    async def userinfo(request: MachineRequest) -> Reply:
        presented = await _presented(bearer, request)
        scopes = set(presented.token.scope.split())
        if audiences.are_others(presented.claims, presented.client):
            raise InvalidToken("This token is for another resource server.")
        if presented.user is None:
            raise InvalidToken("This token is a machine's: it has no user.")
        if not scopes & TOLD_OF_A_PERSON:
            raise InsufficientScope(
                "The token was not granted openid, profile, email, groups or roles."
            )
        left: Headers = ()
        if limits.is_planned(LIMIT):
            left = await limits.counted(LIMIT, str(presented.user.id))
        client = presented.client
        known: dict[str, object] = {
            "sub": presented.subject,
            "iss": current_tenant().issuer,
            **standard_claims.of(presented.user, scopes),
            **await group_claims.of(presented.user, client.metadata, scopes),
        }
        if not client.metadata.userinfo_signed_response_alg:
            return Reply.json(200, known, own=left)
        signed = await answers.sign(known, client_id=client.client_id, typ="userinfo+jwt")
        return Reply(200, signed, (_JWT, *NO_STORE), left)

    return userinfo


async def _presented(bearer: BearerTokens, request: MachineRequest) -> Presented:
    try:
        return await bearer.presented(request, in_form=request.method == "POST")
    except MissingToken as error:
        # Only tokeninfo has a word of its own for this.
        raise InvalidToken("A bearer token is required.") from error
