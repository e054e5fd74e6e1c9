"""An OpenID provider on this machine, which checks what it is sent and may be at fault.

One for all kinds of providers: what differs between them is where the issuer is and which claims
they have.
"""

import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from authgate_testing.pretend_host import Answer, Asked

DIRECTORY = "11111111-2222-3333-4444-555555555555"
PERSON = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


@cache
def key(kid: str) -> ec.EllipticCurvePrivateKey:
    """A key that is made once for the run."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def small_key() -> rsa.RSAPrivateKey:
    """A key that is too short to be believed."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  # that is the point


def public(kid: str) -> dict[str, Any]:
    """The key as a JWK set has it."""
    jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(key(kid).public_key(), as_dict=True)
    return jwk | {"kid": kid, "use": "sig", "alg": "ES256"}


@dataclass
class PretendOpenId:
    """A provider; each field may be set to what it should not be."""

    host: str
    path: str = ""
    """Of the issuer, below the host."""
    client_id: str = "client-1"
    client_secret: str = "the-secret"
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "248289761001",
            "preferred_username": "octocat",
            "name": "The Octocat",
            "email": "octocat@example.com",
            "email_verified": True,
            "groups": ["staff", "admins"],
        }
    )
    changed: dict[str, Any] = field(default_factory=dict)
    """Claims of ID tokens that are otherwise than they should be; ``None`` is left out."""
    header: dict[str, Any] = field(default_factory=lambda: {"kid": "k1"})
    algorithm: str = "ES256"
    signer: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public("k1")])
    userinfo: dict[str, Any] | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    """What is said at a path instead."""
    granted: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://{self.host}{self.path}"

    def approve(self, authorization_url: str) -> dict[str, str]:
        """The person agrees on the provider's page: the query that the browser comes back with."""
        parts = urlsplit(authorization_url)
        assert (parts.netloc, parts.path) == (self.host, "/authorize")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query["client_id"] == self.client_id
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise from now on."""
        self.claims |= {
            "preferred_username": username,
            "email": email,
            "email_verified": verified,
        }

    def __call__(self, asked: Asked) -> Answer:
        path = asked.path.partition("?")[0]
        if path in self.answers:
            return self.answers[path]
        if path == f"{self.path}/.well-known/openid-configuration":
            return _json(self._metadata())
        if path == "/keys":
            return _json({"keys": self.keys})
        if (asked.method, path) == ("POST", "/token"):
            return self._token(asked)
        if path == "/userinfo" and asked.headers.get("authorization") == "Bearer at-1":
            return _json(self.claims if self.userinfo is None else self.userinfo)
        return Answer(status=404)

    def _metadata(self) -> dict[str, Any]:
        at = f"https://{self.host}"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/keys",
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        } | self.metadata

    def _token(self, asked: Asked) -> Answer:
        begun = self.codes.pop(asked.form.get("code", ""), None)
        if not self._is_client(asked):
            return Answer(status=401, body=b'{"error": "invalid_client"}')
        digest = sha256(asked.form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or challenge != begun["code_challenge"]:
            return Answer(status=400, body=b'{"error": "invalid_grant"}')
        assert asked.form["redirect_uri"] == begun["redirect_uri"]
        token = {"access_token": "at-1", "token_type": "Bearer"}
        if "openid" in begun.get("scope", ""):
            token["id_token"] = self.id_token(begun.get("nonce", ""))
        return _json(token | self.granted)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300}
        claims |= self.claims | {"nonce": nonce} | self.changed
        kept = {name: each for name, each in claims.items() if each is not None}
        signer = key("k1") if self.signer is None else self.signer
        return jwt.encode(kept, signer, algorithm=self.algorithm, headers=self.header)

    def _is_client(self, asked: Asked) -> bool:
        scheme, _, pair = asked.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = b64decode(pair).decode().partition(":")
            return (unquote(name), unquote(secret)) == (self.client_id, self.client_secret)
        if "client_assertion" in asked.form:
            return self._is_signed(asked.form)
        given = (asked.form.get("client_id"), asked.form.get("client_secret"))
        return given == (self.client_id, self.client_secret)

    def _is_signed(self, form: Mapping[str, str]) -> bool:
        at = f"https://{self.host}/token"
        said = jwt.decode(
            form["client_assertion"], key("client").public_key(), ["ES256"], audience=at
        )
        return bool(said["iss"] == said["sub"] == self.client_id)


def _json(value: object) -> Answer:
    return Answer(body=json.dumps(value).encode())
