"""Signed tokens, as anyone's library reads them (RFC 7515, RFC 9068)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import pytest
from jwt.types import Options

from authgate.tokens.algorithms import ALGORITHMS, PrivateKey
from authgate.tokens.key_set import KeySet

Sign = Callable[..., Awaitable[str]]
_UNTIMED: Options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_pyjwt_verifies_what_we_sign(
    algorithm: str, sign: Sign, claims: dict[str, Any], private_keys: dict[str, PrivateKey]
) -> None:
    key: Any = private_keys[algorithm].verifying_key()
    token = await sign(claims, algorithm=algorithm)
    assert jwt.decode(token, key, algorithms=[algorithm], options=_UNTIMED) == claims


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_a_client_that_knows_the_jwks_verifies_what_we_sign(
    algorithm: str, sign: Sign, claims: dict[str, Any], keys: KeySet
) -> None:
    token = await sign(claims, algorithm=algorithm)
    published = jwt.PyJWKSet.from_json(keys.jwks.body.decode())
    key = published[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, options=_UNTIMED) == claims


@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "logout+jwt"])
async def test_the_header_says_algorithm_type_and_key(
    typ: str, sign: Sign, claims: dict[str, Any], keys: KeySet
) -> None:
    assert jwt.get_unverified_header(await sign(claims, typ=typ)) == {
        "alg": "ES256",
        "typ": typ,
        "kid": keys.signers["ES256"].kid,
    }


async def test_text_of_any_script_survives(
    sign: Sign, claims: dict[str, Any], private_keys: dict[str, PrivateKey]
) -> None:
    claims["name"] = '許功蓋 \N{GRINNING FACE} "\\\u0001'
    token = await sign(claims, algorithm="HS256")
    secret = private_keys["HS256"].to_bytes()
    assert jwt.decode(token, secret, algorithms=["HS256"], options=_UNTIMED) == claims


async def test_many_rsa_signatures_at_once_are_all_good(
    sign: Sign, claims: dict[str, Any], private_keys: dict[str, PrivateKey]
) -> None:
    key: Any = private_keys["RS256"].verifying_key()
    tokens = await asyncio.gather(
        *(sign(claims | {"jti": str(number)}, algorithm="RS256") for number in range(50))
    )
    numbers = [
        jwt.decode(token, key, algorithms=["RS256"], options=_UNTIMED)["jti"] for token in tokens
    ]
    assert numbers == [str(number) for number in range(50)]
