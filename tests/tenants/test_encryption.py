"""Secrets at rest: sealed by the tenant's data key, for one place only."""

import base64
import os
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from authgate_tenants.encryption import (
    KeyRing,
    SealBroken,
    TenantCipher,
    UnknownKeyEncryptionKey,
)
from authgate_tenants.key_encryption import KeyEncryptionKey

_ACME, _GLOBEX = uuid4(), uuid4()


def _random_kek() -> KeyEncryptionKey:
    return KeyEncryptionKey.from_text(base64.b64encode(os.urandom(32)).decode())


@pytest.fixture
def cipher() -> TenantCipher:
    return TenantCipher(_ACME, {1: os.urandom(32)})


@given(plaintext=some.binary(max_size=2_000), kind=some.text(max_size=20), name=some.text())
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, kind: str, name: str) -> None:
    cipher = TenantCipher(_ACME, {1: os.urandom(32)})
    sealed = cipher.seal(kind=kind, object_id=name, plaintext=plaintext)
    assert cipher.open(kind=kind, object_id=name, sealed=sealed) == plaintext


def test_the_same_secret_never_looks_the_same_twice(cipher: TenantCipher) -> None:
    sealed = {cipher.seal(kind="k", object_id="o", plaintext=b"secret") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(b"secret" in blob for blob in sealed)


@pytest.mark.parametrize(
    ("tenant_id", "kind", "object_id"),
    [
        (_GLOBEX, "signing-key", "kid-1"),
        (_ACME, "totp-seed", "kid-1"),
        (_ACME, "signing-key", "kid-2"),
        (_ACME, 'signing-key","kid', "1"),
    ],
    ids=["tenant", "kind", "object", "shifted"],
)
def test_ky_01_a_secret_moved_to_another_place_stays_shut(
    tenant_id: UUID, kind: str, object_id: str
) -> None:
    data_keys = {1: os.urandom(32)}  # the same key even for another tenant: the place alone decides
    sealed = TenantCipher(_ACME, data_keys).seal(
        kind="signing-key", object_id="kid-1", plaintext=b"secret"
    )
    with pytest.raises(SealBroken):
        TenantCipher(tenant_id, data_keys).open(kind=kind, object_id=object_id, sealed=sealed)


def test_ky_01_a_secret_moved_to_another_version_stays_shut() -> None:
    same = os.urandom(32)
    sealed = TenantCipher(_ACME, {1: same}).seal(kind="k", object_id="o", plaintext=b"secret")
    relabelled = sealed[:1] + (2).to_bytes(4, "big") + sealed[5:]
    with pytest.raises(SealBroken):
        TenantCipher(_ACME, {1: same, 2: same}).open(kind="k", object_id="o", sealed=relabelled)


def test_no_changed_or_missing_byte_goes_unnoticed(cipher: TenantCipher) -> None:
    sealed = cipher.seal(kind="k", object_id="o", plaintext=b"secret")
    changed = [sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :] for i in range(len(sealed))]
    cut = [sealed[:i] for i in range(len(sealed))]
    for broken in (*changed, *cut, sealed + b"\0"):
        with pytest.raises(SealBroken):
            cipher.open(kind="k", object_id="o", sealed=broken)


def test_the_newest_data_key_seals_and_older_ones_still_open() -> None:
    first, second = os.urandom(32), os.urandom(32)
    old = TenantCipher(_ACME, {1: first}).seal(kind="k", object_id="o", plaintext=b"old")
    both = TenantCipher(_ACME, {1: first, 2: second})
    new = both.seal(kind="k", object_id="o", plaintext=b"new")
    assert both.open(kind="k", object_id="o", sealed=old) == b"old"
    assert TenantCipher(_ACME, {2: second}).open(kind="k", object_id="o", sealed=new) == b"new"


def test_ky_07_without_its_data_key_a_secret_is_lost(cipher: TenantCipher) -> None:
    sealed = cipher.seal(kind="k", object_id="o", plaintext=b"secret")
    with pytest.raises(SealBroken):
        TenantCipher(_ACME, {1: os.urandom(32)}).open(kind="k", object_id="o", sealed=sealed)


def test_ky_08_a_cipher_does_not_show_its_keys(cipher: TenantCipher) -> None:
    assert "data_keys" not in repr(cipher)
    assert repr(cipher.data_keys[1])[2:-1] not in repr(cipher)


def test_a_data_key_is_wrapped_by_the_first_and_opened_by_any_key_of_the_ring() -> None:
    old, new = _random_kek(), _random_kek()
    data_key = os.urandom(32)
    wrapped = KeyRing([old]).wrap(data_key, tenant_id=_ACME, version=1)
    both = KeyRing([new, old])
    assert both.unwrap(wrapped, tenant_id=_ACME, version=1) == data_key
    again = both.wrap(data_key, tenant_id=_ACME, version=1)
    assert KeyRing([new]).unwrap(again, tenant_id=_ACME, version=1) == data_key


def test_a_data_key_of_an_unknown_key_encryption_key_names_it_and_the_cure() -> None:
    old = _random_kek()
    wrapped = KeyRing([old]).wrap(os.urandom(32), tenant_id=_ACME, version=1)
    with pytest.raises(UnknownKeyEncryptionKey, match=rf"{old.id}.*RETIRED_KEKS"):
        KeyRing([_random_kek()]).unwrap(wrapped, tenant_id=_ACME, version=1)


@pytest.mark.parametrize(("tenant_id", "version"), [(_GLOBEX, 1), (_ACME, 2)])
def test_ky_01_a_data_key_moved_to_another_tenant_or_version_stays_shut(
    tenant_id: UUID, version: int
) -> None:
    ring = KeyRing([_random_kek()])
    wrapped = ring.wrap(os.urandom(32), tenant_id=_ACME, version=1)
    relabelled = wrapped[:1] + version.to_bytes(4, "big") + wrapped[5:]
    with pytest.raises(SealBroken):
        ring.unwrap(relabelled, tenant_id=tenant_id, version=version)


def test_a_sealed_secret_is_no_data_key_and_a_data_key_no_sealed_secret() -> None:
    kek = _random_kek()
    wrapped = KeyRing([kek]).wrap(os.urandom(32), tenant_id=_ACME, version=1)
    with pytest.raises(SealBroken):
        TenantCipher(_ACME, {1: kek.secret}).open(kind="data-key", object_id=kek.id, sealed=wrapped)
