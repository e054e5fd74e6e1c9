"""Proofs that whoever sends a request holds the key that its tokens are bound to (RFC 9449)."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from authgate.clock import Clock
from authgate.oauth.errors import InvalidDpopProof, UseDpopNonce
from authgate.storage.clients.rows import Client
from authgate.storage.grants import spent_jtis
from authgate.telemetry import metrics
from authgate.tokens import security_profile
from authgate.tokens.dpop_nonces import DpopNonces
from authgate.tokens.foreign_jwt import LEEWAY, ForeignJwt
from authgate.tokens.jwk import ALGORITHMS, BadJwk, PublicKey, public_key
from authgate.tokens.jws import InvalidToken
from authgate.web.machine import MachineRequest
from authgate_tenants import current_tenant

HEADER: Final = b"dpop"
SIGNING_ALGORITHMS: Final = ALGORITHMS
LIFETIME: Final = 300
"""Seconds for which a proof may be on its way."""

_TYPE = "dpop+jwt"
_KIND = "dpop"
_LONGEST_JTI = 256
_ESCAPED = re.compile("%[0-9a-fA-F]{2}")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class DpopProofs:
    """Believes proofs that were made for one request, each once."""

    def __init__(self, *, nonces: DpopNonces, clock: Clock) -> None:
        self._nonces = nonces
        self._clock = clock

    async def key_of(
        self,
        request: MachineRequest,
        *,
        client: Client | None = None,
        access_token: str | None = None,
    ) -> str:
        """The thumbprint (``jkt``) of the key that a request proves to hold; empty where it sends
        no proof.

        With ``access_token`` the proof must be made for that one (section 7), with ``client`` by
        an algorithm that this one may use. Raises
        ``InvalidDpopProof`` and ``UseDpopNonce``.
        """
        sent = request.header(HEADER)
        if sent is None:
            return ""
        try:
            proof = ForeignJwt.read(sent)
            if client and proof.algorithm not in security_profile.algorithms(client):
                raise InvalidToken("is not made by an algorithm of the client's security profile")
            key = _key(proof)
            self._check_claims(proof, request, access_token)
            await self._check_nonce(proof)
            await self._spend(proof, key)
        except InvalidToken as error:
            metrics.dpop_proofs.add("invalid")
            raise InvalidDpopProof(f"The DPoP proof {error}.") from error
        metrics.dpop_proofs.add("valid")
        return key.thumbprint

    async def nonce(self) -> str:
        """The nonce for the client's next proof (section 8.2)."""
        return await self._nonces.current()

    def _check_claims(
        self, proof: ForeignJwt, request: MachineRequest, access_token: str | None
    ) -> None:
        if proof.text("htm") != request.method:
            raise InvalidToken("is for another method")
        if not _is_same_place(proof.text("htu"), _asked(request)):
            raise InvalidToken("is for another URL")
        made_at = proof.seconds("iat")
        now = self._clock().timestamp()
        if made_at is None or not now - LIFETIME <= made_at <= now + LEEWAY:
            raise InvalidToken("is not of this moment")
        if access_token is not None and not hmac.compare_digest(
            proof.text("ath").encode(), token_hash(access_token)
        ):
            raise InvalidToken("is for another token")

    async def _check_nonce(self, proof: ForeignJwt) -> None:
        nonce = proof.text("nonce")
        if not nonce and not current_tenant().settings.dpop_nonces:
            return
        if not await self._nonces.knows(nonce):
            metrics.dpop_proofs.add("without_nonce")
            raise UseDpopNonce(await self.nonce())

    async def _spend(self, proof: ForeignJwt, key: PublicKey) -> None:
        jti = proof.text("jti")
        if not jti or len(jti) > _LONGEST_JTI:
            raise InvalidToken("has no jti")
        made_at = datetime.fromtimestamp(proof.seconds("iat") or 0, UTC)
        expires_at = made_at + timedelta(seconds=LIFETIME + LEEWAY)
        if not await spent_jtis.spend(_KIND, key.thumbprint, jti, expires_at=expires_at):
            raise InvalidToken("was used before")


def token_hash(access_token: str) -> bytes:
    """What a proof says of the token that it goes with (``ath``, section 4.2)."""
    digest = hashlib.sha256(access_token.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _key(proof: ForeignJwt) -> PublicKey:
    if proof.header.get("typ") != _TYPE:
        raise InvalidToken(f"is not of the type {_TYPE}")
    try:
        key = public_key(proof.header.get("jwk"))
    except BadJwk as error:
        raise InvalidToken("has no public key that is taken") from error
    if not proof.is_signed_by(key):
        raise InvalidToken("is not signed by its key")
    return key


def _asked(request: MachineRequest) -> str:
    # As it was sent: whoever escapes a character signs it escaped.
    path = request.raw_path.decode("latin-1") if request.raw_path else request.path
    return f"{current_tenant().issuer}{path}"


def _is_same_place(said: str, asked: str) -> bool:
    """Whether two URLs are one, without query and fragment (section 4.3, RFC 3986 6.2)."""
    return said == asked or _place(said) == _place(asked)


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return ("", None, None, url)
    path = _ESCAPED.sub(lambda found: found[0].upper(), parts.path)
    return (parts.scheme, parts.hostname, port, path)
