"""Public keys of others (RFC 7517): of clients, and of whoever else signs for them."""

import base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from authgate.tokens import algorithms
from authgate.tokens.algorithms import VerifyingKey, number

ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
"""What others may sign with; never with a shared secret, which is no public key."""

MOST_KEYS = 32
"""Keys that one set may have: each that could fit is tried."""

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# A check takes the longer the larger both are, and who sends no signature at all has all of a set
# tried: 32 of 8192 bits with long exponents would keep everybody waiting for 35 ms.
_RSA_BITS = range(2048, 4097)
_LEAST_EXPONENT = 65537
_EXPONENT_BITS = 32
_COORDINATE = 32


class BadJwk(ValueError):
    """A key that is not taken. The text says why."""


class PublicKey(NamedTuple):
    """A key that checks signatures, and the only algorithms that go with it."""

    kid: str
    algorithms: frozenset[str]
    key: VerifyingKey
    members: Mapping[str, str]
    """The members that name the key itself."""

    @property
    def thumbprint(self) -> str:
        """What the key is called, however it was written (RFC 7638)."""
        return algorithms.thumbprint(self.members)


def public_key(jwk: object) -> PublicKey:
    """The key of a JWK. Raises ``BadJwk``."""
    if not isinstance(jwk, Mapping):
        raise BadJwk("A JWK is a JSON object.")
    if _PRIVATE & jwk.keys():
        raise BadJwk("A JWK holds a private or a shared key: whoever has seen it has the key.")
    if jwk.get("use", "sig") != "sig":
        raise BadJwk("A JWK is not for signatures.")
    key, fitting, members = _of_type(jwk)
    kid, named = jwk.get("kid", ""), jwk.get("alg")
    if not isinstance(kid, str) or len(kid) > 512:
        raise BadJwk("The kid of a JWK is no text, or longer than 512 characters.")
    if named is not None and not (isinstance(named, str) and named in fitting):
        raise BadJwk(f"The alg of a JWK is none of {', '.join(sorted(fitting))}.")
    return PublicKey(kid, frozenset({named} if named else fitting), key, members)


def check_key_set(document: object) -> None:
    """Refuse a set that is not all made of keys that are taken. Raises ``BadJwk``."""
    keys = _listed(document)
    if not keys:
        raise BadJwk("The set has no key.")
    for jwk in keys:
        public_key(jwk)


def usable_keys(document: object) -> tuple[PublicKey, ...]:
    """The keys of a set, without those that are for something else. Raises ``BadJwk``."""
    found = []
    for jwk in _listed(document):
        try:
            found.append(public_key(jwk))
        except BadJwk:
            continue
    return tuple(found)


def _listed(document: object) -> Sequence[object]:
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list | tuple) or len(keys) > MOST_KEYS:
        raise BadJwk(f"A JWK set is a JSON object with up to {MOST_KEYS} keys.")
    return keys


def _of_type(jwk: Mapping[str, object]) -> tuple[VerifyingKey, frozenset[str], dict[str, str]]:
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "EC", "P-256":
                return _p256(jwk)
            case "OKP", "Ed25519":
                return _ed25519(jwk)
            case "RSA", _:
                return _rsa(jwk)
    except BadJwk:
        raise
    except ValueError as error:
        raise BadJwk("The members of a JWK make no key.") from error
    raise BadJwk("A JWK is of none of the types EC with P-256, OKP with Ed25519, and RSA.")


def members_of(key: object) -> dict[str, str]:
    """The members of a JWK that name a public key. Raises ``BadJwk``."""
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name == "secp256r1":
            at = key.public_numbers()
            x, y = number(at.x, _COORDINATE), number(at.y, _COORDINATE)
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        case ed25519.Ed25519PublicKey():
            point = algorithms.base64url(key.public_bytes_raw()).decode()
            return {"kty": "OKP", "crv": "Ed25519", "x": point}
        case rsa.RSAPublicKey():
            of = key.public_numbers()
            return {"kty": "RSA", "n": number(of.n), "e": number(of.e)}
    raise BadJwk("A key is of none of the types EC with P-256, OKP with Ed25519, and RSA.")


def _p256(jwk: Mapping[str, object]) -> tuple[VerifyingKey, frozenset[str], dict[str, str]]:
    x, y = (_integer(jwk, name) for name in "xy")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return key, frozenset({"ES256"}), members_of(key)


def _ed25519(jwk: Mapping[str, object]) -> tuple[VerifyingKey, frozenset[str], dict[str, str]]:
    point = _octets(jwk, "x")
    key = ed25519.Ed25519PublicKey.from_public_bytes(point)
    return key, frozenset({"EdDSA"}), members_of(key)


def _rsa(jwk: Mapping[str, object]) -> tuple[VerifyingKey, frozenset[str], dict[str, str]]:
    n, e = _integer(jwk, "n"), _integer(jwk, "e")
    check_rsa(n, e)
    key = rsa.RSAPublicNumbers(e, n).public_key()
    return key, frozenset({"PS256", "RS256"}), members_of(key)


def check_rsa(n: int, e: int) -> None:
    """Refuse numbers that are too small to be safe, or so large that they cost. Raises
    ``BadJwk``."""
    if n.bit_length() not in _RSA_BITS or n % 2 == 0:
        raise BadJwk("An RSA key has 2048 to 4096 bits.")
    if e < _LEAST_EXPONENT or e % 2 == 0 or e.bit_length() > _EXPONENT_BITS:
        raise BadJwk("The exponent of an RSA key is odd, 65537 or more, and has 32 bits or less.")


def _integer(jwk: Mapping[str, object], name: str) -> int:
    return int.from_bytes(_octets(jwk, name), "big")


def _octets(jwk: Mapping[str, object], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not text or len(text) > 2048:
        raise BadJwk(f"The member {name} of a JWK is missing or no text.")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if algorithms.base64url(data).decode() != text:
        raise BadJwk(f"The member {name} of a JWK is not base64url.")
    return data
