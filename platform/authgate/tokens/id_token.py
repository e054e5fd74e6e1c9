"""ID tokens: what a client is told of who has signed in (OpenID Connect Core section 2)."""

import base64
import hashlib
from typing import Final, NamedTuple

from uuid_utils import uuid7

from authgate.clock import Clock
from authgate.storage.clients.rows import Client
from authgate.storage.people.users import User
from authgate.tokens import jws, security_profile, standard_claims
from authgate.tokens.authentication import Authentication
from authgate.tokens.group_claims import NONE, Claims
from authgate.tokens.jws import InvalidToken
from authgate.tokens.keys import NoSigningKey, SigningKeys
from authgate.tokens.signer import Signer
from authgate.tokens.subjects import Subjects
from authgate.tokens.verifier import check_signature
from authgate_tenants import current_tenant
from authgate_tenants.settings import SigningAlgorithm

ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = ("ES256", "RS256", "EdDSA")
"""What may sign the ID tokens of a client."""

# OpenID Connect Core 3.1.3.6: the left half of the hash that the signature's algorithm uses;
# EdDSA with Ed25519 uses SHA-512.
_HASHES = {"EdDSA": hashlib.sha512}


class SignIn(NamedTuple):
    """Who has signed in, for whom, and with what beside it."""

    client: Client
    user: User
    scope: tuple[str, ...]
    authentication: Authentication
    access_token: str
    nonce: str = ""
    groups: Claims = NONE
    """What the access token tells of the person's groups."""


class Hint(NamedTuple):
    """What an ID token tells when it comes back (``id_token_hint``)."""

    subject: str
    client_id: str
    """Whom it was given to."""
    session_id: str
    """Its ``sid``; empty where it came of no browser's session."""


class IdTokens:
    """Signs ID tokens. They are not remembered: they grant nothing."""

    def __init__(self, *, keys: SigningKeys, subjects: Subjects, clock: Clock) -> None:
        self._keys = keys
        self._subjects = subjects
        self._clock = clock

    async def sign(self, sign_in: SignIn) -> str:
        """The ID token; empty where ``openid`` was not granted."""
        if "openid" not in sign_in.scope:
            return ""
        tenant, now = current_tenant(), int(self._clock().timestamp())
        algorithm = algorithm_for(sign_in.client)
        signer = await signer_of(self._keys, algorithm)
        claims: dict[str, object] = {
            **_personal(sign_in),
            **sign_in.authentication.claims(),
            "iss": tenant.issuer,
            "sub": await self._subjects.of(sign_in.user, sign_in.client),
            "aud": sign_in.client.client_id,
            "iat": now,
            "exp": now + tenant.settings.id_token_lifetime,
            "jti": str(uuid7()),
            "at_hash": _left_half(sign_in.access_token, algorithm),
        }
        session_id = sign_in.authentication.session_id
        if session_id is not None:
            claims["sid"] = await self._subjects.of_session(session_id, sign_in.client)
        if sign_in.nonce:
            claims["nonce"] = sign_in.nonce
        return await signer.sign(claims, typ="JWT")

    async def hint(self, id_token: str) -> Hint:
        """What an ID token of ours names, however long ago it ended. Raises ``InvalidToken``.

        It comes as a hint (OpenID Connect Core section 3.1.2.1), never as a proof of who sends it.
        """
        parts = jws.parsed(id_token)
        keys = await self._keys.key_set(verifying=str(parts.header.get("kid", "")))
        check_signature(parts, keys, typ="JWT")
        claims = jws.members(parts.payload)
        subject, client_id = claims.get("sub"), claims.get("aud")
        if not isinstance(subject, str) or not isinstance(client_id, str):
            raise InvalidToken("names nobody")
        if claims.get("iss") not in current_tenant().issuers:
            raise InvalidToken("not an ID token of this issuer")
        return Hint(subject, client_id, str(claims.get("sid", "")))


async def signer_of(keys: SigningKeys, algorithm: SigningAlgorithm) -> Signer:
    """What signs by this algorithm, of the tenant in scope."""
    try:
        return await keys.signer(algorithm)
    except NoSigningKey:
        # A client's first one by an algorithm that the tenant has not chosen, or one of a tenant
        # that chose HS256 before there were ID tokens.
        await keys.ensure(algorithm)
        return await keys.signer(algorithm)


def algorithm_for(client: Client) -> SigningAlgorithm:
    """What signs a client's ID tokens: what it is registered for, if its security profile takes
    that, or what signs everybody's."""
    wanted = client.metadata.id_token_signed_response_alg
    for algorithm in ALGORITHMS:
        if algorithm == wanted and algorithm in security_profile.algorithms(client):
            return algorithm
    return algorithm_of(current_tenant().settings.signing_algorithm)


def algorithm_of(chosen: SigningAlgorithm) -> SigningAlgorithm:
    """What signs ID tokens where this signs access tokens.

    A client has no share in the secret of HS256, so it could not check what that has signed.
    """
    return "ES256" if chosen == "HS256" else chosen


def _personal(sign_in: SignIn) -> dict[str, object]:
    if not current_tenant().settings.id_token_personal_claims:
        return {}
    return {**standard_claims.of(sign_in.user, sign_in.scope), **sign_in.groups}


def _left_half(token: str, algorithm: SigningAlgorithm) -> str:
    digest = _HASHES.get(algorithm, hashlib.sha256)(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
