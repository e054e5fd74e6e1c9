"""What a client signs to prove who it is (RFC 7523 section 2.2, OpenID Connect Core section 9)."""

from datetime import UTC, datetime, timedelta
from typing import Final

from authgate.clock import Clock
from authgate.oauth.client_keys import ClientKeys
from authgate.storage.clients.metadata import CLIENT_SECRET_JWT, PRIVATE_KEY_JWT
from authgate.storage.clients.rows import Client
from authgate.storage.grants import spent_jtis
from authgate.tokens import security_profile
from authgate.tokens.client_secret_seal import ClientSecretSeal
from authgate.tokens.foreign_jwt import LEEWAY, ForeignJwt
from authgate.tokens.jwk import ALGORITHMS
from authgate.tokens.jws import InvalidToken
from authgate_tenants import current_tenant

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNING_ALGORITHMS: Final = (*ALGORITHMS, "HS256")

_TYPE = "client-authentication+jwt"
_LONGEST = 3600
_LONGEST_JTI = 256
_KIND = "client_assertion"


class ClientAssertions:
    """Believes assertions that their clients have signed for this issuer, each once."""

    def __init__(self, *, keys: ClientKeys, seal: ClientSecretSeal, clock: Clock) -> None:
        self._keys = keys
        self._seal = seal
        self._clock = clock

    async def prove(self, client: Client, assertion: ForeignJwt, *, endpoint: str) -> None:
        """Raises ``InvalidToken`` where an assertion does not prove that it is this client's."""
        if method_of(assertion) not in client.authentication_methods:
            raise InvalidToken("not a method of the client")
        if client.metadata.token_endpoint_auth_signing_alg not in ("", assertion.algorithm):
            raise InvalidToken("not the algorithm of the client")
        if method_of(assertion) == PRIVATE_KEY_JWT and (
            assertion.algorithm not in security_profile.algorithms(client)
        ):
            raise InvalidToken("not an algorithm of the client's security profile")
        if not assertion.is_a(_TYPE):
            raise InvalidToken("of another type")
        # Whoever cannot sign makes us remember nothing.
        if not await self._is_signed(client, assertion):
            raise InvalidToken("not signed by the client")
        _check_audience(client, assertion, endpoint)
        end = assertion.check_times(self._clock().timestamp(), longest=_LONGEST)
        await _spend(client, assertion, end)

    async def _is_signed(self, client: Client, assertion: ForeignJwt) -> bool:
        if method_of(assertion) == PRIVATE_KEY_JWT:
            return await self._keys.signed(client, assertion)
        secrets = await self._seal.opened(client, now=self._clock())
        return any(assertion.is_made_with(secret) for secret in secrets)


def named_by(assertion: ForeignJwt) -> str:
    """The client that it says it comes from (RFC 7523 section 3). Raises ``InvalidToken``."""
    client_id = assertion.text("sub")
    if not client_id or assertion.text("iss") != client_id:
        raise InvalidToken("iss and sub are not one client")
    if not client_id.isascii() or not client_id.isprintable():
        raise InvalidToken("names what no client is called")
    return client_id


def method_of(assertion: ForeignJwt) -> str:
    """By which method its algorithm authenticates; the one does not pass for the other."""
    return CLIENT_SECRET_JWT if assertion.algorithm == "HS256" else PRIVATE_KEY_JWT


def _check_audience(client: Client, assertion: ForeignJwt, endpoint: str) -> None:
    audience, issuers = assertion.claims.get("aud"), current_tenant().issuers
    if audience in issuers:
        return
    # Another server may have told its clients that our endpoint is its own, and would then be
    # sent an assertion that is good here (RFC 7523 as revised, section 3).
    if not client.metadata.legacy_assertion_audience or security_profile.of(client):
        raise InvalidToken("not for this issuer alone")
    named = audience if isinstance(audience, list) else [audience]
    ours = {endpoint, *issuers, *(f"{issuer}/oauth/token" for issuer in issuers)}
    if not ours & {each for each in named if _is_text(each)}:
        raise InvalidToken("not for this issuer")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


async def _spend(client: Client, assertion: ForeignJwt, end: float) -> None:
    jti = assertion.text("jti")
    if not jti or len(jti) > _LONGEST_JTI:
        raise InvalidToken("has no jti")
    expires_at = datetime.fromtimestamp(end, UTC) + timedelta(seconds=LEEWAY)
    if not await spent_jtis.spend(_KIND, client.client_id, jti, expires_at=expires_at):
        raise InvalidToken("was used before")
