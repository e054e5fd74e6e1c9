"""A key of this machine, by which a client proves who it is and that a token is its own.

It signs assertions (RFC 7523 section 2.2) and DPoP proofs (RFC 9449 section 4). Where it is kept,
and with which client it is registered, is for others to know.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Self

from authgate.tokens.algorithms import ES256, base64url

_LIFETIME_SECONDS = 60


class ProvingKey:
    """A private key on P-256. It never shows what it holds, save to be written down."""

    def __init__(self, key: ES256) -> None:
        self._key = key

    @classmethod
    def made(cls) -> Self:
        """A new one."""
        return cls(ES256.generate())

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """As it was written down, by us or by OpenSSL. Raises ``ValueError``."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(text.encode(), None)
        except TypeError as error:
            raise ValueError("The key is encrypted.") from error
        if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("This is not a P-256 key.")
        return cls(ES256(key))

    def to_pem(self) -> str:
        """To be written down where nobody else may read (PKCS #8)."""
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_der_private_key,
        )

        key = load_der_private_key(self._key.to_bytes(), None)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def jwks(self) -> dict[str, Any]:
        """Its public part, to be registered with a client (RFC 7517 section 5)."""
        return {"keys": [self._key.public_jwk()]}

    def assertion(self, client_id: str, issuer: str) -> str:
        """That it is this client, good for a minute at this issuer alone."""
        now = int(time.time())
        return self._signed(
            {"typ": "JWT", "kid": self._key.thumbprint()},
            {
                "iss": client_id,
                "sub": client_id,
                "aud": issuer,
                "jti": uuid.uuid4().hex,
                "iat": now,
                "exp": now + _LIFETIME_SECONDS,
            },
        )

    def proof(self, method: str, url: str, *, nonce: str = "", access_token: str = "") -> str:
        """That whoever sends this request, with this token, holds the key."""
        claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time())}
        if nonce:
            claims["nonce"] = nonce
        if access_token:
            claims["ath"] = base64url(hashlib.sha256(access_token.encode()).digest()).decode()
        return self._signed({"typ": "dpop+jwt", "jwk": self._key.public_members()}, claims)

    def _signed(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        told = ({"alg": self._key.algorithm, **header}, claims)
        signed = b".".join(base64url(json.dumps(each).encode()) for each in told)
        return b".".join((signed, base64url(self._key.sign(signed)))).decode()
