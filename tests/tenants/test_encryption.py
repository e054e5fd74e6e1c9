"""Secrets at rest: sealed by the tenant's data key, for one place only."""

import asyncio
import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from authgate.settings import DatabaseSettings
from authgate.storage import transaction
from authgate_tenants.encryption import (
    KeyRing,
    SealBroken,
    TenantCipher,
    TenantEncryption,
    UnknownKeyEncryptionKey,
)
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.models import TenantDataKey
from authgate_tenants.scope import CrossTenant, NoTenant, Tenant, TenantStatus, use_tenant
from authgate_tenants.settings import TenantSettings

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


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_data_key_that_is_cut_off_is_broken_and_not_unknown(length: int) -> None:
    ring = KeyRing([_random_kek()])
    wrapped = ring.wrap(os.urandom(32), tenant_id=_ACME, version=1)
    with pytest.raises(SealBroken):
        ring.unwrap(wrapped[:length], tenant_id=_ACME, version=1)


def test_a_sealed_secret_is_no_data_key_and_a_data_key_no_sealed_secret() -> None:
    kek = _random_kek()
    wrapped = KeyRing([kek]).wrap(os.urandom(32), tenant_id=_ACME, version=1)
    with pytest.raises(SealBroken):
        TenantCipher(_ACME, {1: kek.secret}).open(kind="data-key", object_id=kek.id, sealed=wrapped)


def _tenant() -> Tenant:
    return Tenant(
        id=uuid4(),
        slug="acme",
        name="Acme",
        status=TenantStatus.ACTIVE,
        issuer="https://auth.example/t/acme",
        prefix="/t/acme",
        settings=TenantSettings(),
    )


@pytest.fixture
def kek() -> KeyEncryptionKey:
    return _random_kek()


@pytest.fixture
def tenant(database: DatabaseSettings) -> Iterator[Tenant]:
    """A tenant without a data key, in whose scope the test is."""
    with use_tenant(_tenant()) as tenant:
        yield tenant


def _sealed(cipher: TenantCipher, plaintext: bytes = b"secret") -> bytes:
    return cipher.seal(kind="k", object_id="o", plaintext=plaintext)


def _opened(cipher: TenantCipher, sealed: bytes) -> bytes:
    return cipher.open(kind="k", object_id="o", sealed=sealed)


def _an_hour_later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


async def test_every_process_finds_the_same_data_key(tenant: Tenant, kek: KeyEncryptionKey) -> None:
    sealed = _sealed(await TenantEncryption([kek]).cipher(tenant.id))
    assert _opened(await TenantEncryption([kek]).cipher(tenant.id), sealed) == b"secret"


async def test_first_uses_at_once_make_one_data_key(tenant: Tenant, kek: KeyEncryptionKey) -> None:
    ciphers = await asyncio.gather(*(TenantEncryption([kek]).cipher(tenant.id) for _ in range(10)))
    assert len({cipher.data_keys[1] for cipher in ciphers}) == 1
    assert await TenantDataKey.all().count() == 1


async def test_the_data_key_does_not_lie_open_in_the_database(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    cipher = await TenantEncryption([kek]).cipher(tenant.id)
    row = await TenantDataKey.get()
    assert cipher.data_keys[1] not in bytes(row.wrapped)
    assert (row.version, row.kek_id) == (1, kek.id)


async def test_a_cipher_is_for_the_tenant_in_scope_only(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    with pytest.raises(CrossTenant):
        await TenantEncryption([kek]).cipher(uuid4())


async def test_a_remembered_cipher_is_for_its_tenant_only(
    database: DatabaseSettings, kek: KeyEncryptionKey
) -> None:
    encryption, mine = TenantEncryption([kek], clock=_an_hour_later), _tenant()
    with use_tenant(mine):
        await encryption.cipher(mine.id)
    with use_tenant(_tenant()), pytest.raises(CrossTenant):
        await encryption.cipher(mine.id)


async def test_outside_of_a_tenant_there_is_no_cipher(
    database: DatabaseSettings, kek: KeyEncryptionKey
) -> None:
    with pytest.raises(NoTenant):
        await TenantEncryption([kek]).cipher(uuid4())


async def test_tenants_have_different_data_keys(
    database: DatabaseSettings, kek: KeyEncryptionKey
) -> None:
    encryption, found = TenantEncryption([kek]), set()
    for tenant in (_tenant(), _tenant()):
        with use_tenant(tenant):
            found.add((await encryption.cipher(tenant.id)).data_keys[1])
    assert len(found) == 2


async def test_only_the_data_keys_used_last_stay_open(
    database: DatabaseSettings, kek: KeyEncryptionKey
) -> None:
    encryption = TenantEncryption([kek], remembered=2, clock=_an_hour_later)
    tenants = [_tenant() for _ in range(3)]
    ciphers = []
    for tenant in (*tenants[:2], tenants[0], tenants[2]):
        with use_tenant(tenant):
            ciphers.append(await encryption.cipher(tenant.id))
    again = []
    for tenant in (tenants[0], tenants[2], tenants[1]):
        with use_tenant(tenant):
            again.append(await encryption.cipher(tenant.id))
    assert again[0] is ciphers[0]
    assert again[1] is ciphers[3]
    assert again[2] is not ciphers[1]


async def test_a_forgotten_cipher_is_loaded_again(tenant: Tenant, kek: KeyEncryptionKey) -> None:
    encryption = TenantEncryption([kek], clock=_an_hour_later)
    before = await encryption.cipher(tenant.id)
    encryption.forget(tenant.id)
    assert await encryption.cipher(tenant.id) is not before


async def test_what_is_forgotten_while_it_is_being_read_is_not_remembered(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    def forgotten_by_then() -> datetime:
        """Asked for the time when the rows are read."""
        encryption.forget(None)
        return _an_hour_later()

    encryption = TenantEncryption([kek], clock=forgotten_by_then)
    before = await encryption.cipher(tenant.id)
    assert await encryption.cipher(tenant.id) is not before


async def test_a_data_key_that_was_rolled_back_is_not_used(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    encryption = TenantEncryption([kek])

    async def failing() -> None:
        async with transaction():
            await encryption.cipher(tenant.id)
            await encryption.cipher(tenant.id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert await TenantDataKey.all().count() == 0
    sealed = _sealed(await encryption.cipher(tenant.id))
    assert _opened(await TenantEncryption([kek]).cipher(tenant.id), sealed) == b"secret"


async def test_ky_03_the_wrong_key_encryption_key_opens_nothing(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    await TenantEncryption([kek]).cipher(tenant.id)
    with pytest.raises(UnknownKeyEncryptionKey, match=kek.id):
        await TenantEncryption([_random_kek()]).cipher(tenant.id)


async def test_ky_01_a_data_key_put_into_another_tenants_row_stays_shut(
    tenant: Tenant, kek: KeyEncryptionKey, database: DatabaseSettings
) -> None:
    await TenantEncryption([kek]).cipher(tenant.id)
    foreign = KeyRing([kek]).wrap(os.urandom(32), tenant_id=uuid4(), version=1)
    await TenantDataKey.filter(version=1).update(wrapped=foreign)
    with pytest.raises(SealBroken):
        await TenantEncryption([kek]).cipher(tenant.id)


async def test_a_second_data_key_seals_and_the_first_still_opens(
    tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    old = _sealed(await TenantEncryption([kek]).cipher(tenant.id))
    wrapped = KeyRing([kek]).wrap(os.urandom(32), tenant_id=tenant.id, version=2)
    await TenantDataKey.create(version=2, kek_id=kek.id, wrapped=wrapped)
    both = await TenantEncryption([kek]).cipher(tenant.id)
    assert _opened(both, old) == b"secret"
    assert _sealed(both)[4] == 2
