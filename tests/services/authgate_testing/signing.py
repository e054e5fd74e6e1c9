"""A client that signs: assertions, DPoP proofs and request objects, rightly or wrongly."""

import base64
import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import get_default_algorithms
from jwt.warnings import InsecureKeyLengthWarning

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class SigningKey:
    """A private key, and how it is called."""

    private: PrivateKeyTypes = field(repr=False)
    algorithm: str
    kid: str

    @classmethod
    def make(cls, algorithm: str = "ES256", *, kid: str = "1", bits: int = 2048) -> "SigningKey":
        """A new one."""
        made: dict[str, Any] = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }
        private = made.get(algorithm, lambda: rsa.generate_private_key(65537, bits))()
        return cls(private, algorithm, kid)

    def public_jwk(self, **members: str) -> dict[str, Any]:
        """The public part, as its owner publishes it."""
        public = self.private.public_key()
        jwk = get_default_algorithms()[self.algorithm].to_jwk(public, as_dict=True)
        known = {name: value for name, value in dict(jwk).items() if name != "key_ops"}
        return known | {"kid": self.kid, "use": "sig"} | members

    def private_jwk(self) -> dict[str, Any]:
        """The private part, which nobody ought to publish."""
        jwk = get_default_algorithms()[self.algorithm].to_jwk(self.private, as_dict=True)
        return dict(jwk) | {"kid": self.kid}

    def pem(self, *, passphrase: str = "") -> str:
        """The private part, as a file has it."""
        private: Any = self.private
        sealing = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        made: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing)
        return made.decode()

    def jwks(self) -> dict[str, Any]:
        """A set with this key alone."""
        return {"keys": [self.public_jwk()]}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, as a client would compute it."""
        needed = {"EC": "crv kty x y", "RSA": "e kty n", "OKP": "crv kty x"}
        jwk = self.public_jwk()
        members = {name: jwk[name] for name in needed[jwk["kty"]].split()}
        canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        typ: str = "JWT",
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A JWT."""
        more = {"kid": self.kid, "typ": typ} | dict(header or {})
        return self._encoded(claims, more)

    def assertion(self, client_id: str, audience: Any, **claims: Any) -> str:
        """RFC 7523 section 2.2; a claim that is ``None`` is left out."""
        return self.sign(assertion_claims(client_id, audience) | claims)

    def credentials(self, client_id: str, audience: Any, **claims: Any) -> dict[str, str]:
        """The same, as parameters of a form."""
        return as_form(self.assertion(client_id, audience, **claims))

    def proof(
        self, method: str, url: str, *, nonce: str = "", access_token: str = "", **claims: Any
    ) -> str:
        """RFC 9449 section 4.2; a claim that is ``None`` is left out."""
        made: dict[str, Any] = {
            "jti": uuid4().hex,
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "nonce": nonce or None,
        }
        if access_token:
            digest = hashlib.sha256(access_token.encode()).digest()
            made["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        jwk = {
            name: value for name, value in self.public_jwk().items() if name not in ("kid", "use")
        }
        return self._encoded(made | claims, {"typ": "dpop+jwt", "jwk": jwk})

    def raw(self, signing_input: bytes) -> str:
        """The signature of anything, as a JWT has it at its end."""
        private: Any = self.private
        made = get_default_algorithms()[self.algorithm].sign(signing_input, private)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def _encoded(self, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
        given = {name: value for name, value in claims.items() if value is not None}
        with warnings.catch_warnings():
            # A key may be too weak: that is what is tried.
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)
            private: Any = self.private
            return jwt.encode(given, private, self.algorithm, headers=dict(header))


def assertion_claims(client_id: str, audience: Any) -> dict[str, Any]:
    """What an assertion says."""
    now = int(time.time())
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 60,
    }


def as_form(assertion: str) -> dict[str, str]:
    """An assertion as parameters of a form."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
