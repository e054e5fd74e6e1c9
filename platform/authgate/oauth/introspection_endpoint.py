"""``POST /oauth/introspect``: whether a token is good, and what it stands for (RFC 7662)."""

from authgate.clock import Clock
from authgate.oauth import families
from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.client_authentication import ClientAuthenticator
from authgate.oauth.errors import InvalidClient, InvalidRequest
from authgate.storage.clients.rows import Client
from authgate.storage.issued import refresh_tokens
from authgate.storage.issued.refresh_tokens import RefreshStatus
from authgate.storage.people.users import User
from authgate.tokens import group_claims, security_profile
from authgate.tokens.issuer import token_type
from authgate.tokens.signed_answer import SignedAnswers
from authgate.tokens.subjects import Subjects, is_pairwise
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import NO_STORE, Handler, MachineRequest, Reply
from authgate_tenants import current_tenant

_LONGEST = 8192
_SIGNED = "application/token-introspection+jwt"
"""Asked for by ``Accept``, the answer is a JWT (RFC 9701 section 4)."""
_OF_THE_TOKEN = frozenset({"act", "acr", "auth_time"})
"""Told as the token says it (RFC 8693 section 4.1, RFC 9470 section 6.2)."""
_INACTIVE: dict[str, object] = {"active": False}
"""All that is said of every token that is not good, and of one that is none of the client's
business (RFC 7662 section 2.2)."""


def endpoint(
    *,
    authenticator: ClientAuthenticator,
    bearer: BearerTokens,
    answers: SignedAnswers,
    subjects: Subjects,
    limits: Limits,
    clock: Clock,
) -> Handler:
    """The endpoint."""

    async def introspect(request: MachineRequest) -> Reply:
        if request.query:
            await authenticator.refuse_parameters_in_url(request.query)
        form = request.form()
        client = await authenticator.authenticate(request, form)
        if client.is_public:
            raise InvalidClient("A public client cannot prove that it may ask.")
        left = await limits.counted(
            "introspection_per_client", client.client_id, bucket(request.client_ip)
        )
        token = form.get("token")
        if token is None:
            raise InvalidRequest("token is required.")
        if len(token) > _LONGEST:
            known = _INACTIVE
        elif refresh_tokens.is_one(token):
            known = await _refresh_token(token, client, subjects, clock)
        else:
            known = await _access_token(await bearer.find(token), client, subjects)
        is_wanted = _SIGNED in (request.header(b"accept") or "")
        if not is_wanted and not security_profile.is_answered_by_signature(client):
            return Reply.json(200, known, own=left)
        signed = await answers.sign(
            {"token_introspection": known},
            client_id=client.client_id,
            typ="token-introspection+jwt",
        )
        return Reply(200, signed, ((b"content-type", _SIGNED.encode()), *NO_STORE), left)

    return introspect


async def _access_token(
    found: Presented | None, client: Client, subjects: Subjects
) -> dict[str, object]:
    if found is None or not _may_know(client, found):
        return _INACTIVE
    token = found.token
    known: dict[str, object] = {
        "active": True,
        "token_type": token_type(found.confirmation),
        "scope": token.scope,
        "client_id": token.client_id,
        # Told to whoever asks, as its own ID tokens would name the person.
        "sub": await subjects.of(found.user, client) if found.user else found.subject,
        # The one that has signed it, which may be the former one.
        "iss": found.claims["iss"],
        "aud": found.claims["aud"],
        "jti": str(token.jti),
        "iat": int(token.created_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
    known |= {name: found.claims[name] for name in _OF_THE_TOKEN & found.claims.keys()}
    if "cnf" in found.claims:
        known["cnf"] = found.confirmation.claim()
    if found.user is not None:
        # As they are now, whatever the token says, and as the client is told that it was given to.
        known |= await group_claims.of(found.user, found.client.metadata, token.scope.split())
    return known | _named(found.user, client)


async def _refresh_token(
    token: str, client: Client, subjects: Subjects, clock: Clock
) -> dict[str, object]:
    found = await refresh_tokens.find(token)
    if found is None or found.client_id != client.client_id:
        return _INACTIVE
    user = found.user
    is_good = found.status is RefreshStatus.ACTIVE and found.expires_at > clock()
    if not is_good or user is None or not user.is_active:
        return _INACTIVE
    if client.has_ended(found.began_at) or user.has_ended(found.began_at):
        return _INACTIVE
    if not families.lasts(found, now=clock()):
        return _INACTIVE
    return {
        "active": True,
        "scope": found.scope,
        "client_id": found.client_id,
        "sub": await subjects.of(user, client),
        **_named(user, client),
        "iss": current_tenant().issuer,
        "iat": int(found.created_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
    }


def _named(user: User | None, client: Client) -> dict[str, object]:
    """The user name, for whoever is told people as everybody is."""
    return {} if user is None or is_pairwise(client) else {"username": user.username}


def _may_know(client: Client, found: Presented) -> bool:
    """Its own tokens, those that are meant for it, and a resource server's every one."""
    if client.introspects or client.client_id == found.token.client_id:
        return True
    audience = found.claims["aud"]
    return client.client_id in (audience if isinstance(audience, list) else [audience])
