"""Private keys that are brought to sign with: which are taken, and which are not."""

import base64
import json
import os
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authgate.tokens import imported_key
from authgate.tokens.algorithms import number
from authgate.tokens.imported_key import UnfitKey
from authgate_testing.signing import SigningKey

MADE = {name: SigningKey.make(name) for name in ("ES256", "EdDSA", "RS256")}


def secret(data: bytes) -> str:
    return json.dumps({"kty": "oct", "k": base64.urlsafe_b64encode(data).rstrip(b"=").decode()})


def pem(key: Any) -> str:
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.decode()


@pytest.mark.parametrize("algorithm", sorted(MADE))
def test_a_pem_and_a_jwk_are_the_same_key(algorithm: str) -> None:
    key = MADE[algorithm]
    for text in (
        key.pem(),
        json.dumps(key.private_jwk()),
        json.dumps(key.private_jwk() | {"alg": algorithm, "use": "sig"}),
    ):
        read = imported_key.read(f"\n{text}\n")
        assert (read.key.algorithm, read.key.thumbprint()) == (algorithm, key.thumbprint)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_pem_may_have_the_older_form_of_its_type(algorithm: str) -> None:
    key: Any = MADE[algorithm].private
    text = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    before = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    for written in (text.decode(), before + text.decode(), text.decode().replace("\n", "\r\n")):
        assert imported_key.read(written).kid == MADE[algorithm].thumbprint


def test_a_pem_that_is_encrypted_is_opened_by_whoever_has_its_file_and_by_no_server() -> None:
    """It says itself how much time and memory opening it takes."""
    key = MADE["ES256"]
    sealed = key.pem(passphrase="open sesame")
    with pytest.raises(UnfitKey, match="authgate keys import"):
        imported_key.read(sealed)
    text = imported_key.opened(sealed, passphrase="open sesame")
    assert imported_key.read(text).kid == key.thumbprint
    for text, passphrase in ((sealed, "wrong"), (key.pem(), "open sesame"), ("", "x")):
        with pytest.raises(UnfitKey):
            imported_key.opened(text, passphrase=passphrase)


def test_a_secret_that_servers_share_is_taken() -> None:
    read = imported_key.read(secret(os.urandom(32)), kid="shared")
    assert (read.key.algorithm, read.kid) == ("HS256", read.key.thumbprint())


def test_a_key_is_called_as_somebody_says_or_its_jwk_or_by_its_thumbprint() -> None:
    key = MADE["ES256"]
    named = json.dumps(key.private_jwk() | {"kid": "of-the-jwk"})
    assert imported_key.read(named).kid == "of-the-jwk"
    assert imported_key.read(named, kid="2024:a=b").kid == "2024:a=b"
    assert imported_key.read(key.pem()).kid == key.thumbprint
    for kid in ("-rf", "a/b", "a b", "..", "a" * 65):
        with pytest.raises(UnfitKey, match="kid"):
            imported_key.read(key.pem(), kid=kid)


def close_primes() -> str:
    """An RSA key as a broken generator makes it: its primes follow one another."""
    first = rsa.generate_private_key(65537, 2048).private_numbers().p
    second = first + 2
    while pow(2, second - 1, second) != 1 or (second - 1) % 65537 == 0:
        second += 2
    return as_pem(of_primes(first, second))


def of_primes(p: int, q: int) -> rsa.RSAPrivateNumbers:
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(65537, p * q),
    )


def as_pem(numbers: rsa.RSAPrivateNumbers) -> str:
    return pem(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def without_primes() -> str:
    jwk = MADE["RS256"].private_jwk()
    return json.dumps({name: jwk[name] for name in ("kty", "n", "e", "d")})


UNFIT = {
    "nothing": "",
    "words": "my key",
    "a public key": json.dumps(MADE["ES256"].public_jwk()),
    "no JSON": "{",
    "another type": json.dumps({"kty": "AKP", "d": "AA"}),
    "another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "short RSA": SigningKey.make("RS256", bits=1024).pem(),
    "RSA without its primes": without_primes(),
    "RSA with an empty member": json.dumps(MADE["RS256"].private_jwk() | {"p": ""}),
    "RSA with a huge prime": json.dumps(MADE["RS256"].private_jwk() | {"p": "_" * 9000}),
    "a secret half that is no number of the curve": json.dumps(
        MADE["ES256"].private_jwk() | {"d": "_" * 9000}
    ),
    "a small exponent": pem(rsa.generate_private_key(3, 2048)),
    "for encryption": json.dumps(MADE["ES256"].private_jwk() | {"use": "enc"}),
    "another algorithm": json.dumps(MADE["RS256"].private_jwk() | {"alg": "PS256"}),
    "another key's public half": json.dumps(
        MADE["EdDSA"].private_jwk() | {"x": SigningKey.make("EdDSA").public_jwk()["x"]}
    ),
    "another key's point": json.dumps(
        MADE["ES256"].private_jwk() | {"x": SigningKey.make("ES256").public_jwk()["x"]}
    ),
    "a short secret": secret(os.urandom(31)),
    "a secret of one byte": secret(b"a" * 64),
    "too long": " " * imported_key.LONGEST + MADE["ES256"].pem(),
    "the key of RFC 8037": json.dumps(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    ),
}


@pytest.mark.parametrize("why", sorted(UNFIT))
def test_a_key_that_is_not_good_enough_is_refused_without_a_word_of_it(why: str) -> None:
    with pytest.raises(UnfitKey) as refused:
        imported_key.read(UNFIT[why])
    assert str(refused.value).endswith(".")
    secret = UNFIT[why][-60:-10]
    assert not secret or secret not in str(refused.value)


def test_primes_that_follow_one_another_are_refused() -> None:
    with pytest.raises(UnfitKey, match="primes"):
        imported_key.read(close_primes())


PRIMES = (2**4253 - 1, 2**4423 - 1)
"""To see that they are prime takes half a minute."""


def as_jwk(numbers: rsa.RSAPrivateNumbers) -> str:
    public = numbers.public_numbers
    said = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
    said |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    return json.dumps({"kty": "RSA"} | {name: number(value) for name, value in said.items()})


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content).to_bytes(2, "big")
    return (
        bytes([tag, 0x82]) + size + content
        if len(content) > 127
        else (bytes([tag, len(content)]) + content)
    )


def of_diffie_and_hellman() -> str:
    prime, generator = (der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in (PRIMES[0], 3))
    kind = der(0x30, bytes.fromhex("06092a864886f70d010301"), der(0x30, prime, generator))
    key = der(0x30, der(2, b"\0"), kind, der(4, der(2, b"\x07")))
    return (
        f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(key).decode()}\n-----END PRIVATE KEY-----"
    )


@pytest.mark.parametrize(
    "text",
    [
        as_jwk(of_primes(*PRIMES)),
        as_pem(of_primes(*PRIMES)),
        as_pem(of_primes(2**3217 - 1, 2**607 - 1)),
        of_diffie_and_hellman(),
        "-----BEGIN PRIVATE KEY-----" + " " * 16_000,
    ],
    ids=["a JWK", "a PEM", "a PEM with a small and a large prime", "Diffie and Hellman", "blanks"],
)
def test_a_key_of_numbers_that_cost_minutes_is_refused_at_once(text: str) -> None:
    since = time.thread_time()
    with pytest.raises(UnfitKey):
        imported_key.read(text)
    assert time.thread_time() - since < 0.5
