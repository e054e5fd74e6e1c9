"""The JWT bearer grant (RFC 7523 section 2.1): an issuer that is trusted speaks for a person.

The tenant says which issuers those are and where their keys lie, and each client which of them it
may come with. Whom an assertion is about is known here by the user name.
"""

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from uuid_utils.compat import uuid7

from authgate import storage
from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth import assurance, resources
from authgate.oauth.client_keys import ClientKeys
from authgate.oauth.errors import InvalidGrant, InvalidRequest, InvalidScope, UnauthorizedClient
from authgate.oauth.grants import TokenRequest, asked_scopes, granted_scopes
from authgate.storage.clients.rows import Client
from authgate.storage.grants import spent_jtis
from authgate.storage.people import users
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.people.users import User
from authgate.tokens import lifetimes
from authgate.tokens.foreign_jwt import LEEWAY, ForeignJwt
from authgate.tokens.issuer import Grant, IssuedToken, TokenIssuer
from authgate.tokens.jws import InvalidToken
from authgate.tokens.scopes import is_admin
from authgate_tenants import current_tenant

_TYPES = ("authorization-grant+jwt", "oauth-id-jag+jwt")
_LONGEST_LIFE = 3600
_LONGEST_JTI = 256
_KIND: Final = "jwt_bearer"
_REFUSAL = "The assertion is not one that is taken here from this client."


class JwtBearerGrant:
    """Gives tokens for assertions of issuers that the tenant trusts, each once."""

    grant_type: ClassVar[str] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    is_paced: ClassVar[bool] = False

    def __init__(self, *, keys: ClientKeys, issuer: TokenIssuer, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """The token of the person that the assertion is about."""
        client, text = request.client, request.form.get("assertion")
        if client.is_public:
            raise UnauthorizedClient("A public client cannot prove whose assertions it brings.")
        if text is None:
            raise InvalidRequest("assertion is required.")
        scope = granted_scopes(asked_scopes(request.form), client.scopes)
        if any(is_admin(each) for each in scope):
            # It would take the person's role, and nobody asks them here.
            raise InvalidScope("Who lets a client administer the tenant is asked, in a browser.")
        resource = resources.narrowed(request.form.get("resource"), client, ())
        try:
            user = await self._person(ForeignJwt.read(text), client)
        except InvalidToken as error:
            # Why is not told: whoever brings it need not learn whom we know.
            raise InvalidGrant(_REFUSAL) from error
        # Nobody knows how the person has signed in there.
        assurance.refuse_less((), client)
        signed = await self._issuer.sign(
            Grant(
                self.grant_type,
                Event.ACCESS_TOKEN_ISSUED,
                client,
                scope,
                lifetimes.of_access_token(client),
                user=user,
                family_id=uuid7(),  # by which what is exchanged for it is found
                confirmation=request.confirmation,
                resource=resource,
            )
        )
        async with storage.transaction():
            # Whoever shuts them out or signs them out waits for it, and then finds the token.
            held = await users.held(user.id)
            if held is None or not held.is_active:
                raise InvalidGrant(_REFUSAL)
            return await self._issuer.store(signed)

    async def _person(self, assertion: ForeignJwt, client: Client) -> User:
        """Whom it is about. Raises ``InvalidToken``."""
        issuer = assertion.text("iss")
        keys_at = current_tenant().settings.trusted_issuers.get(issuer)
        if keys_at is None or issuer not in client.metadata.jwt_bearer_issuers:
            raise InvalidToken("of an issuer that is not trusted with this client")
        if not assertion.is_a(*_TYPES):
            raise InvalidToken("of another type")
        if not await self._keys.signed_at(keys_at, assertion):
            raise InvalidToken("not signed by its issuer")
        audience, own = assertion.claims.get("aud"), current_tenant().issuers
        named = audience if isinstance(audience, list) else [audience]
        if not any(issuer in named for issuer in own):
            raise InvalidToken("not for this issuer")
        end = assertion.check_times(self._clock().timestamp(), longest=_LONGEST_LIFE)
        await _spend(issuer, assertion, end)
        return await _named(assertion.text("sub"))


async def _spend(issuer: str, assertion: ForeignJwt, end: float) -> None:
    jti = assertion.text("jti")
    if not jti or len(jti) > _LONGEST_JTI:
        raise InvalidToken("has no jti")
    expires_at = datetime.fromtimestamp(end, UTC) + timedelta(seconds=LEEWAY)
    if not await spent_jtis.spend(_KIND, issuer, jti, expires_at=expires_at):
        raise InvalidToken("was used before")


async def _named(name: str) -> User:
    """The person of exactly this user name: not of an address, which may change hands."""
    try:
        wanted = canonical(name)
    except BadUsername as error:
        raise InvalidToken("about nobody") from error
    user = await users.find_by_login(name)
    if user is None or not user.is_active or user.canonical_username != wanted:
        raise InvalidToken("about nobody who is known here")
    return user
