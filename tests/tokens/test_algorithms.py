"""Keys and signatures, against the examples of the RFCs."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authgate.tokens.algorithms import (
    ALGORITHMS,
    ES256,
    HS256,
    P256_ORDER,
    RS256,
    EdDSA,
    PrivateKey,
    base64url,
)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def rfc_8037_key() -> EdDSA:
    return EdDSA.from_bytes(_bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))


def test_the_thumbprint_is_that_of_rfc_8037(rfc_8037_key: EdDSA) -> None:
    assert rfc_8037_key.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_public_key_is_that_of_rfc_8037(rfc_8037_key: EdDSA) -> None:
    assert rfc_8037_key.public_members() == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }


def test_the_signature_is_that_of_rfc_8037(rfc_8037_key: EdDSA) -> None:
    signature = rfc_8037_key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
    assert base64url(signature) == (
        b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_the_mac_is_that_of_rfc_7515() -> None:
    key = HS256.from_bytes(
        _bytes(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        )
    )
    mac = key.sign(
        b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        b"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    assert base64url(mac) == b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_stored_key_is_the_same_key(algorithm: str, private_keys: dict[str, PrivateKey]) -> None:
    key = private_keys[algorithm]
    again = ALGORITHMS[algorithm].from_bytes(key.to_bytes())
    assert again.public_jwk() == key.public_jwk()
    assert again.to_bytes() == key.to_bytes()


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
@pytest.mark.parametrize("other", ["ES256", "RS256"])
def test_a_key_of_another_algorithm_is_not_loaded(
    algorithm: str, other: str, private_keys: dict[str, PrivateKey]
) -> None:
    foreign = private_keys["EdDSA" if algorithm == other else other]
    with pytest.raises(ValueError, match=r".+"):
        ALGORITHMS[algorithm].from_bytes(foreign.to_bytes())


def test_jw_20_weak_keys_are_not_loaded() -> None:
    with pytest.raises(ValueError, match="P-256"):
        ES256.from_bytes(_der(ec.generate_private_key(ec.SECP384R1())))
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    with pytest.raises(ValueError, match="2048"):
        RS256.from_bytes(_der(weak))
    with pytest.raises(ValueError, match="32 bytes"):
        HS256.from_bytes(os.urandom(31))


def test_of_the_two_signatures_that_verify_es256_gives_the_smaller() -> None:
    key = ES256.generate()
    larger = [int.from_bytes(key.sign(b"data")[32:], "big") > P256_ORDER // 2 for _ in range(64)]
    assert not any(larger)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ky_08_a_key_does_not_show_itself(
    algorithm: str, private_keys: dict[str, PrivateKey]
) -> None:
    key = private_keys[algorithm]
    assert repr(key).startswith("<authgate.tokens.algorithms.")
    assert key.to_bytes().hex() not in repr(key)
