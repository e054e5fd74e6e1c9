"""Things of the same shape as others, which nobody has."""

import base64
import binascii
import re
from collections.abc import Mapping
from itertools import takewhile, zip_longest
from random import Random
from typing import Any
from uuid import UUID

import jwt
import orjson

from authgate_testing.signing import SigningKey

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_SEPARATED = re.compile(rf"{_UUID.pattern}|[A-Za-z0-9]+")


class Likeness:
    """Makes them, the same for the same thing each time."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - to be made again
        self._made: dict[tuple[str, str], str] = {}
        self._keys: dict[str, SigningKey] = {}

    def of(self, thing: str, own: str = "") -> str:
        """Another such thing. What it has in common with one's own of that kind stays."""
        if (thing, own) not in self._made:
            self._made[thing, own] = self._of(thing, own)
        return self._made[thing, own]

    def _of(self, thing: str, own: str) -> str:
        if _UUID.fullmatch(thing):
            return self._uuid(thing)
        if _MOMENT.fullmatch(thing):
            return thing  # nobody's: a list goes on from there
        if thing.startswith("-----BEGIN PRIVATE KEY"):
            return SigningKey.make().pem()
        if thing.startswith("eyJ") and thing.count(".") == 2:
            return self._jwt(thing, own)
        if thing.startswith("{"):
            return orjson.dumps(self._all(orjson.loads(thing), None)).decode()
        if (said := _decoded(thing)) is not None:
            made = orjson.dumps(self._all(said, _decoded(own)))
            return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        kept = "" if _UUID.search(thing) else _kept(thing, own)
        return f"{kept}{self._other(thing.removeprefix(kept), own.removeprefix(kept))}"

    def _other(self, thing: str, own: str) -> str:
        mine = _SEPARATED.findall(own)
        pieces = _SEPARATED.findall(thing)
        if len(mine) != len(pieces) or _SEPARATED.split(own) != _SEPARATED.split(thing):
            mine = [""] * len(pieces)
        each = iter(mine)
        return _SEPARATED.sub(lambda found: self._piece(found[0], next(each)), thing)

    def _piece(self, piece: str, own: str) -> str:
        if piece == own:
            return piece
        return self._uuid(piece) if _UUID.fullmatch(piece) else self._word(piece)

    def _word(self, word: str) -> str:
        made = "".join(map(self._letter, word))
        # A number begins otherwise: it would be written in another way in answers.
        return f"{self._random.randint(1, 9)}{made[1:]}" if made[0] == "0" != word[0] else made

    def _letter(self, letter: str) -> str:
        for first, last in ("az", "AZ", "09"):
            if first <= letter <= last:
                return chr(self._random.randint(ord(first), ord(last)))
        return letter

    def _uuid(self, like: str) -> str:
        given = UUID(like)
        # When it was made, its version, and its place among those of the same millisecond stay: a
        # list goes on from there.
        mask = (1 << 32) - 1
        return str(UUID(int=given.int & ~mask | self._random.getrandbits(32)))

    def _all(self, said: Any, own: Any) -> Any:
        match said:
            case str():
                return self.of(said, own if isinstance(own, str) else "")
            case {"kty": _, "alg": str(algorithm)}:
                return self._key(algorithm).public_jwk() | {"kid": self.of(said["kid"])}
            case dict():
                mine = own if isinstance(own, dict) else {}
                return {name: self._all(each, mine.get(name)) for name, each in said.items()}
            case list():
                many = own if isinstance(own, list) else []
                return [
                    self._all(each, mine) for each, mine in zip_longest(said, many[: len(said)])
                ]
        return said

    def _jwt(self, token: str, own: str) -> str:
        header = jwt.get_unverified_header(token)
        mine = own if own.startswith("eyJ") else ""
        key = self._key(header["alg"])
        claims = self._all(_claims(token), _claims(mine) if mine else None)
        changed: dict[str, Any] = {name: value for name, value in header.items() if name != "alg"}
        if "kid" in header:
            changed["kid"] = self.of(header["kid"])
        if "jwk" in header:
            changed["jwk"] = {
                name: value for name, value in key.public_jwk().items() if name in header["jwk"]
            }
        private: Any = key.private
        return jwt.encode(claims, private, header["alg"], headers=changed)

    def _key(self, algorithm: str) -> SigningKey:
        if algorithm not in self._keys:
            self._keys[algorithm] = SigningKey.make(algorithm)
        return self._keys[algorithm]


def _claims(token: str) -> Mapping[str, Any]:
    claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _decoded(text: str) -> Any:
    """What is written in it as JSON, if that is what it is."""
    if len(text) < 8:
        return None
    try:
        found = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict | list) else None


def _kept(thing: str, own: str) -> str:
    """How both begin, in whole words."""
    pairs = zip(thing, own, strict=False)
    common = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return re.sub(r"[A-Za-z0-9]*\Z", "", common)
