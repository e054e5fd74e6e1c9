"""Token exchange (RFC 8693): who holds a token is given one for somebody else's resource server.

It is delegation, never impersonation: the token says who acts (``act``). It is never more than the
one it was given for: no scope that it lacked, no later end, and never another tenant's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final

from authgate import storage
from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth import assurance
from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.errors import InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient
from authgate.oauth.grants import TokenRequest, asked_scopes
from authgate.storage.clients.rows import Client
from authgate.storage.issued import tokens
from authgate.tokens import lifetimes
from authgate.tokens.issuer import Grant, IssuedToken, TokenIssuer
from authgate.web.machine import Form

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # a type's name
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"

_LONGEST = 8192
_DEEPEST = 3
"""Who acts for whom acts for whom: a longer chain is a loop, or nobody can follow it."""
_NOT_GOOD = "The subject_token is not a good token of this issuer that the client may exchange."


class TokenExchangeGrant:
    """Exchanges access tokens of the tenant."""

    grant_type: ClassVar[str] = tokens.BY_EXCHANGE
    is_paced: ClassVar[bool] = False

    def __init__(self, *, bearer: BearerTokens, issuer: TokenIssuer, clock: Clock) -> None:
        self._bearer = bearer
        self._issuer = issuer
        self._clock = clock

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """The token for the audience that is named."""
        client, form = request.client, request.form
        if client.is_public:
            raise UnauthorizedClient("A public client cannot prove that it may exchange tokens.")
        _check_types(form)
        subject = await self._subject(request)
        actor = await self._actor(request)
        grant = Grant(
            self.grant_type,
            Event.TOKEN_EXCHANGED,
            client,
            _scope(request, subject),
            self._lifetime(subject, client),
            user=subject.user,
            authenticated_at=_authenticated_at(subject.claims),
            family_id=await tokens.family_of(subject.token.jti),
            confirmation=request.confirmation,
            resource=(_target(form, client),),
            amr=_amr(subject.claims),
            act=_act(actor, subject.claims),
            machine="" if subject.user else subject.subject,
        )
        if subject.user is not None:
            assurance.refuse_less(grant.amr, client)
        signed = await self._issuer.sign(grant)
        async with storage.transaction():
            # Whoever ends what it comes from waits for it, and then finds it.
            if not await tokens.hold(subject.token.jti):
                raise InvalidRequest(_NOT_GOOD)
            issued = await self._issuer.store(signed)
        return issued._replace(issued_token_type=ACCESS_TOKEN)

    async def _subject(self, request: TokenRequest) -> Presented:
        found = await self._found(request.form.get("subject_token"))
        if found is None or not _may_exchange(request.client, found):
            raise InvalidRequest(_NOT_GOOD)
        is_holder = found.token.client_id == request.client.client_id
        if is_holder and not found.confirmation.is_met_by(request.confirmation):
            raise InvalidRequest("The subject_token is bound to a key that was not shown.")
        return found

    async def _actor(self, request: TokenRequest) -> str:
        """Who acts: the client, or whom it names by a token that it was given itself."""
        client, text = request.client, request.form.get("actor_token")
        if text is None:
            return f"client:{client.client_id}"
        found = await self._found(text)
        if found is None or found.token.client_id != client.client_id:
            raise InvalidRequest("The actor_token is not a good token of the client's own.")
        if not found.confirmation.is_met_by(request.confirmation):
            raise InvalidRequest("The actor_token is bound to a key that was not shown.")
        return found.subject

    async def _found(self, text: str | None) -> Presented | None:
        return await self._bearer.find(text) if text and len(text) <= _LONGEST else None

    def _lifetime(self, subject: Presented, client: Client) -> int:
        left = int((subject.token.expires_at - self._clock()).total_seconds())
        return max(1, min(lifetimes.of_access_token(client), left))


def _check_types(form: Form) -> None:
    if form.get("subject_token") is None:
        raise InvalidRequest("subject_token is required.")
    if form.get("subject_token_type") not in (ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"subject_token_type must be {ACCESS_TOKEN}.")
    if form.get("requested_token_type") not in (None, ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"requested_token_type must be {ACCESS_TOKEN}.")
    is_typed = form.get("actor_token_type") is not None
    if is_typed != (form.get("actor_token") is not None):
        raise InvalidRequest("actor_token and actor_token_type go together.")
    if is_typed and form.get("actor_token_type") not in (ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"actor_token_type must be {ACCESS_TOKEN}.")


def _may_exchange(client: Client, found: Presented) -> bool:
    """Its own tokens, and those that are for a resource server that it is registered as."""
    audience = found.claims["aud"]
    meant = set(audience) if isinstance(audience, list) else {audience}
    is_meant = not meant.isdisjoint({client.client_id, *client.metadata.token_exchange_from})
    return is_meant or found.token.client_id == client.client_id


def _target(form: Form, client: Client) -> str:
    named = [value for value in (form.get("audience"), form.get("resource")) if value]
    if len(named) != 1:
        raise InvalidRequest("audience or resource is required, and one of them.")
    if named[0] not in client.metadata.token_exchange_to:
        raise InvalidTarget("The client may exchange no token for this audience.")
    return named[0]


def _scope(request: TokenRequest, subject: Presented) -> tuple[str, ...]:
    held, asked = subject.token.scope.split(), asked_scopes(request.form)
    if not set(asked) <= set(held):
        raise InvalidScope("An exchange may ask for less than the token has, not for more.")
    left = tuple(each for each in asked or held if each in request.client.scopes)
    if not left and (asked or held):
        raise InvalidScope("The client may have none of these scopes.")
    return left


def _authenticated_at(claims: Mapping[str, object]) -> datetime | None:
    moment = claims.get("auth_time")
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else None


def _amr(claims: Mapping[str, object]) -> tuple[str, ...]:
    methods = claims.get("amr")
    return tuple(map(str, methods)) if isinstance(methods, list) else ()


def _act(actor: str, claims: Mapping[str, object]) -> dict[str, object]:
    """Who acts, and who did before (section 4.1)."""
    former = claims.get("act")
    act: dict[str, object] = {"sub": actor}
    if isinstance(former, dict):
        act["act"] = former
    if _depth(act) > _DEEPEST:
        raise InvalidRequest("Too many act for each other.")
    return act


def _depth(act: object) -> int:
    return 1 + _depth(act.get("act")) if isinstance(act, dict) else 0
