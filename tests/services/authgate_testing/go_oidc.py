"""A relying party in Go, in Python: as strict as go-oidc, and as insistent as x/oauth2.

For what AuthGate's own clients do with them, of which none is published as a module.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import httpx2
import jwt

_ALGORITHMS = (
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
)  # fmt: skip
_LONGEST = 8 * 1024  # of a token that jwksauth looks at


class Refused(Exception):
    """What the library would not take."""


@dataclass(frozen=True, slots=True)
class Provider:
    """go-oidc's ``NewProvider``, and its verifier."""

    metadata: dict[str, Any]
    keys: jwt.PyJWKSet

    @classmethod
    async def discovered(cls, http: httpx2.AsyncClient, issuer: str) -> "Provider":
        """The metadata, whose issuer is byte for byte the one that was configured."""
        where = issuer.removesuffix("/") + "/.well-known/openid-configuration"
        metadata = _read(await http.get(where))
        if metadata["issuer"] != issuer:
            raise Refused(f"issuer did not match: {issuer} and {metadata['issuer']}")
        keys = _read(await http.get(metadata["jwks_uri"]), "application/jwk-set+json")
        return cls(metadata, jwt.PyJWKSet.from_dict(keys))

    @property
    def algorithms(self) -> list[str]:
        """What of the library's own list the metadata name."""
        named = self.metadata["id_token_signing_alg_values_supported"]
        return [each for each in _ALGORITHMS if each in named] or ["RS256"]

    def verified(self, token: str, audience: str) -> dict[str, Any]:
        """What a token says, after all of the checks that are made by default."""
        if len(token) > _LONGEST:
            raise Refused("longer than 8 KiB")
        header = jwt.get_unverified_header(token)
        if header["alg"] not in self.algorithms:
            raise Refused(f"signed with {header['alg']}, expected one of {self.algorithms}")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.keys[header["kid"]],
                algorithms=self.algorithms,
                issuer=self.metadata["issuer"],
                audience=audience,
                options={"require": ["iss", "sub", "aud", "exp", "iat"], "strict_aud": False},
            )
        except (jwt.InvalidTokenError, KeyError) as error:
            raise Refused(str(error)) from error
        return claims


@dataclass(slots=True)
class AutoDetecting:
    """x/oauth2's ``AuthStyleAutoDetect``: by header first, by form when that was refused."""

    http: httpx2.AsyncClient
    token_endpoint: str
    client_id: str
    secret: str
    tried: list[str] = field(default_factory=list)

    async def retrieve(self, **form: str) -> dict[str, Any]:
        """Tokens, in the way that works; the first one that did is not remembered here."""
        answer = await self._asked("header", form)
        if answer.status_code != 200:
            answer = await self._asked("form", form)
        if answer.status_code != 200:
            raise Refused(answer.json()["error"])
        return _taken(answer)

    async def _asked(self, way: str, form: dict[str, str]) -> httpx2.Response:
        self.tried.append(way)
        if way == "header":
            names = quote_plus(self.client_id), quote_plus(self.secret)
            return await self.http.post(self.token_endpoint, data=form, auth=names)
        secret = {"client_secret": self.secret} if self.secret else {}
        named = form | {"client_id": self.client_id} | secret
        return await self.http.post(self.token_endpoint, data=named)


def _taken(answer: httpx2.Response) -> dict[str, Any]:
    told = _read(answer)
    if not told["access_token"] or told["token_type"] != "Bearer" or told["expires_in"] <= 0:
        raise Refused("no token")
    return told


def _read(answer: httpx2.Response, kind: str = "application/json") -> dict[str, Any]:
    if answer.status_code != 200 or answer.headers["Content-Type"].partition(";")[0] != kind:
        raise Refused(f"{answer.status_code} {answer.headers['Content-Type']}")
    told: dict[str, Any] = answer.json()
    return told
