"""The hot path of every grant: claims become a signed token (RFC 7515, RFC 9068 section 2.1)."""

import asyncio
from collections.abc import Mapping
from typing import Literal

import orjson

from authgate.tokens.algorithms import PrivateKey, base64url
from authgate_tenants.settings import SigningAlgorithm

TokenType = Literal["at+jwt", "JWT", "logout+jwt", "token-introspection+jwt", "userinfo+jwt"]
"""What a token is, so that one kind is never taken for another (RFC 8725 section 3.11)."""


class Signer:
    """Signs with one active key."""

    __slots__ = ("_headers", "_key", "kid")

    def __init__(self, key: PrivateKey, *, kid: str) -> None:
        self.kid = kid
        self._key = key
        self._headers: dict[TokenType, bytes] = {}

    @property
    def algorithm(self) -> SigningAlgorithm:
        """The ``alg`` of every token from here."""
        return self._key.algorithm

    async def sign(self, claims: Mapping[str, object], *, typ: TokenType = "at+jwt") -> str:
        """The signed token. Whatever ``orjson`` cannot write is a ``TypeError``."""
        payload = base64url(orjson.dumps(dict(claims)))
        signing_input = b"%b.%b" % (self._header(typ), payload)
        if self._key.is_slow:
            signature = await asyncio.to_thread(self._key.sign, signing_input)
        else:
            signature = self._key.sign(signing_input)
        return (b"%b.%b" % (signing_input, base64url(signature))).decode("ascii")

    def _header(self, typ: TokenType) -> bytes:
        known = self._headers.get(typ)
        if known is None:
            header = {"alg": self.algorithm, "typ": typ, "kid": self.kid}
            known = self._headers[typ] = base64url(orjson.dumps(header))
        return known
