"""The JWKS and the keys behind it (RFC 7517)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.tokens.algorithms import ES256, EdDSA, PrivateKey
from authgate.tokens.key_set import KeySet
from authgate_tenants.encryption import SealBroken, TenantCipher
from authgate_tenants.settings import TenantSettings

Stored = Callable[..., SigningKey]
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def _shown(keys: KeySet) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = json.loads(keys.jwks.body)["keys"]
    return shown


@pytest.mark.parametrize("state", [KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_jw_24_the_jwks_has_public_members_only(
    algorithm: str,
    state: KeyState,
    private_keys: dict[str, PrivateKey],
    stored: Stored,
    cipher: TenantCipher,
) -> None:
    row = stored(private_keys[algorithm], state)
    (shown,) = _shown(KeySet.opened([row], cipher=cipher))
    assert not _PRIVATE_MEMBERS & shown.keys()
    assert shown == row.public_jwk
    assert (shown["use"], shown["alg"], shown["kid"]) == ("sig", algorithm, row.kid)


@pytest.mark.parametrize("state", [KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING])
def test_jw_24_a_shared_secret_is_not_in_the_jwks_at_all(
    state: KeyState,
    private_keys: dict[str, PrivateKey],
    stored: Stored,
    cipher: TenantCipher,
) -> None:
    row = stored(private_keys["HS256"], state)
    assert _shown(KeySet.opened([row], cipher=cipher)) == []
    assert "k" not in row.public_jwk


def test_the_key_that_signs_comes_first_in_the_jwks(stored: Stored, cipher: TenantCipher) -> None:
    states = [KeyState.RETIRING, KeyState.PENDING, KeyState.ACTIVE]
    rows = {state: stored(ES256.generate(), state) for state in states}
    kids = [jwk["kid"] for jwk in _shown(KeySet.opened(rows.values(), cipher=cipher))]
    assert kids == [
        rows[state].kid for state in (KeyState.ACTIVE, KeyState.PENDING, KeyState.RETIRING)
    ]


def test_only_the_active_key_signs_and_a_waiting_one_verifies_nothing(
    stored: Stored, cipher: TenantCipher
) -> None:
    states = [KeyState.RETIRING, KeyState.PENDING, KeyState.ACTIVE]
    rows = {state: stored(ES256.generate(), state) for state in states}
    keys = KeySet.opened(rows.values(), cipher=cipher)
    assert keys.signers["ES256"].kid == rows[KeyState.ACTIVE].kid
    assert keys.verification_keys.keys() == {
        rows[KeyState.ACTIVE].kid,
        rows[KeyState.RETIRING].kid,
    }


def test_clients_may_keep_the_jwks_for_a_quarter_of_an_hour(keys: KeySet) -> None:
    assert keys.jwks.cache_control == "public, max-age=900, stale-while-revalidate=300"


def test_the_etag_changes_with_the_keys_and_only_with_them(
    keys: KeySet, private_keys: dict[str, PrivateKey], stored: Stored, cipher: TenantCipher
) -> None:
    rows = [stored(key) for key in private_keys.values()]
    assert KeySet.opened(rows, cipher=cipher).jwks.etag == keys.jwks.etag
    assert KeySet.opened(rows[1:], cipher=cipher).jwks.etag != keys.jwks.etag
    assert keys.jwks.etag.startswith('"')


def test_a_changed_public_part_is_neither_shown_nor_believed(
    private_keys: dict[str, PrivateKey], stored: Stored, cipher: TenantCipher
) -> None:
    row = stored(private_keys["ES256"])
    row.public_jwk = ES256.generate().public_jwk()
    assert _shown(KeySet.opened([row], cipher=cipher)) == [private_keys["ES256"].public_jwk()]


def test_ky_01_a_private_part_under_another_kid_is_refused(
    private_keys: dict[str, PrivateKey], stored: Stored, cipher: TenantCipher
) -> None:
    row, other = stored(private_keys["ES256"]), stored(ES256.generate())
    row.sealed_private = other.sealed_private
    with pytest.raises(SealBroken):
        KeySet.opened([row], cipher=cipher)


def test_ky_01_a_key_pair_cannot_be_turned_into_a_shared_secret(
    stored: Stored, cipher: TenantCipher
) -> None:
    row = stored(EdDSA.generate())
    row.algorithm = "HS256"
    with pytest.raises(SealBroken):
        KeySet.opened([row], cipher=cipher)


def test_ky_08_a_key_set_does_not_show_its_keys(
    keys: KeySet, private_keys: dict[str, PrivateKey]
) -> None:
    secret = private_keys["HS256"].to_bytes()
    assert repr(secret) not in repr(keys)
    assert repr(secret) not in repr(list(keys.verification_keys.values()))


def test_jw_23_a_new_tenant_shares_no_secret_with_anybody() -> None:
    assert TenantSettings().signing_algorithm == "ES256"
