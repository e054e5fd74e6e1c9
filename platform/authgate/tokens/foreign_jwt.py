"""JWTs that others have signed: clients' assertions, proofs and requests (RFC 7519, RFC 8725)."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from authgate.tokens import jws
from authgate.tokens.jwk import ALGORITHMS, PublicKey
from authgate.tokens.jws import InvalidToken, SignedToken

LEEWAY = 30
"""Seconds by which clocks may differ."""

_CHECKS = get_default_algorithms()
_LATEST = 2**53


@dataclass(frozen=True, slots=True)
class ForeignJwt:
    """A JWT in its parts. Nothing in it has been checked."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    parts: SignedToken

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a JWT apart. Raises ``InvalidToken``."""
        parts = jws.parsed(text, read=members)
        if "crit" in parts.header:
            raise InvalidToken("asks for an extension")
        return cls(parts.header, members(parts.payload), parts)

    @property
    def algorithm(self) -> str:
        """What it says that it is signed with; empty where that is no text."""
        algorithm = self.header.get("alg")
        return algorithm if isinstance(algorithm, str) else ""

    def is_a(self, *types: str) -> bool:
        """Whether it is of one of these types, or says of itself that it is a JWT and no more: what
        was signed for one purpose is not taken for another (RFC 8725 section 3.11)."""
        typ = self.header.get("typ", "JWT")
        return isinstance(typ, str) and typ.lower().removeprefix("application/") in ("jwt", *types)

    def text(self, name: str) -> str:
        """A claim that is a text; empty where it is none."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""

    def seconds(self, name: str) -> float | None:
        """A claim that is a time (RFC 7519 ``NumericDate``); none where it is missing.

        Raises ``InvalidToken`` where it is something else.
        """
        value = self.claims.get(name)
        if value is None:
            return None
        # bool is an int as well, and true is no time.
        if type(value) not in (int, float) or not 0 <= value < _LATEST:  # type: ignore[operator]  # checked just before
            raise InvalidToken(f"{name} is not a number of seconds")
        return float(value)  # type: ignore[arg-type]  # as above

    def check_times(self, now: float, *, longest: float, may_be_endless: bool = False) -> float:
        """Refuse one that is over, not yet good, or good for longer than this many seconds; its
        end. One that has none, where that may be, is taken for such a long one.

        Raises ``InvalidToken``.
        """
        end = self.seconds("exp")
        if end is None and may_be_endless:
            end = now + longest
        if end is None or end + LEEWAY <= now:
            raise InvalidToken("has no end, or is past it")
        if end > now + longest + LEEWAY:
            raise InvalidToken("ends too late")
        for name in ("iat", "nbf"):
            begin = self.seconds(name)
            if begin is not None and begin > now + LEEWAY:
                raise InvalidToken("not valid yet")
        return end

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether this key made its signature, by an algorithm that goes with the key."""
        algorithm = self.algorithm
        if algorithm not in ALGORITHMS or algorithm not in key.algorithms:
            return False
        return self._verifies(algorithm, key.key)

    def is_made_with(self, secret: bytes) -> bool:
        """Whether whoever made it knows this secret (HS256)."""
        return self.algorithm == "HS256" and self._verifies("HS256", secret)

    def _verifies(self, algorithm: str, key: Any) -> bool:
        try:
            return _CHECKS[algorithm].verify(self.parts.signing_input, key, self.parts.signature)
        except (PyJWTError, ValueError, TypeError):
            return False


def members(text: bytes) -> dict[str, object]:
    """The members of a JSON object, each named once. Raises ``InvalidToken``."""
    try:
        found = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_float=_finite,
        )
        if b"\\u" in text:
            # Half of a character has a spelling in JSON and none in UTF-8: nothing could keep it.
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InvalidToken("not JSON") from error
    if not isinstance(found, dict):
        raise InvalidToken("not a JSON object")
    return found


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidToken("a member is named twice")
    return found


def _no_number(name: str) -> object:
    raise InvalidToken(f"{name} is no number of JSON's")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidToken("a number is too large")
    return value
