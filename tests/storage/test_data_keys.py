"""Data keys of all tenants, sealed anew by another key-encryption key."""

import asyncio
import os
from base64 import b64encode
from uuid import UUID

import pytest

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import data_keys
from authgate_tenants import Tenant, TenantSettings, TenantStatus, lifecycle, use_tenant
from authgate_tenants.encryption import TenantEncryption, UnknownKeyEncryptionKey
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.models import TenantDataKey

TENANTS = 5
PLACE = {"kind": "note", "object_id": "1"}


def random_kek() -> KeyEncryptionKey:
    return KeyEncryptionKey.from_text(b64encode(os.urandom(32)).decode())


def scope_of(tenant_id: UUID) -> Tenant:
    return Tenant(
        id=tenant_id,
        slug="any",
        name="Any",
        status=TenantStatus.ACTIVE,
        issuer="http://localhost:8080/t/any",
        prefix="/t/any",
        settings=TenantSettings(),
    )


async def with_secrets(kek: KeyEncryptionKey) -> dict[UUID, bytes]:
    """Tenants in the order of their pages, each with something that its data key has sealed."""
    sealed = {}
    for number in range(TENANTS):
        row = lifecycle.new_tenant(slug=f"t{number}", name="T")
        await lifecycle.store(row)
        with use_tenant(scope_of(row.id)):
            cipher = await TenantEncryption([kek]).cipher(row.id)
            sealed[row.id] = cipher.seal(**PLACE, plaintext=row.slug.encode())
    return sealed


async def opened(sealed: dict[UUID, bytes], *keks: KeyEncryptionKey) -> list[bytes]:
    """What opens with these keys."""
    found = []
    for tenant_id, blob in sealed.items():
        with use_tenant(scope_of(tenant_id)):
            try:
                cipher = await TenantEncryption(keks).cipher(tenant_id)
            except UnknownKeyEncryptionKey:
                continue
            found.append(cipher.open(**PLACE, sealed=blob))
    return found


SECRETS = [f"t{number}".encode() for number in range(TENANTS)]


async def test_all_tenants_are_sealed_by_the_new_key_and_none_by_anothers(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, present = random_kek(), random_kek()
    monkeypatch.setattr(data_keys, "PAGE", 2)
    sealed = await with_secrets(former)
    both = TenantEncryption([present, former])
    assert await data_keys.rewrap(database, both) == TENANTS
    assert await data_keys.rewrap(database, both) == 0
    assert await opened(sealed, present) == SECRETS
    assert await opened(sealed, former) == []


async def test_what_broke_off_is_half_done_for_nobody_and_goes_on_where_it_stopped(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, present, lost = random_kek(), random_kek(), random_kek()
    monkeypatch.setattr(data_keys, "PAGE", 2)
    sealed = await with_secrets(former)
    fourth = list(sealed)[3]
    with use_tenant(scope_of(fourth)):
        await TenantDataKey.filter(tenant_id=fourth).update(kek_id=lost.id)
        [row] = await TenantDataKey.filter(tenant_id=fourth)
        foreign = bytes(row.wrapped)[:5] + bytes.fromhex(lost.id) + bytes(row.wrapped)[13:]
        await TenantDataKey.filter(tenant_id=fourth).update(wrapped=foreign)
    both = TenantEncryption([present, former])
    with pytest.raises(UnknownKeyEncryptionKey, match=lost.id):
        await data_keys.rewrap(database, both)
    assert await opened(sealed, present) == SECRETS[:2]
    assert await opened(sealed, former) == [SECRETS[2], SECRETS[4]]
    with use_tenant(scope_of(fourth)):
        await TenantDataKey.filter(tenant_id=fourth).update(kek_id=former.id, wrapped=row.wrapped)
    assert await data_keys.rewrap(database, both) == TENANTS - 2
    assert await opened(sealed, present) == SECRETS


async def test_two_that_do_it_at_once_change_each_data_key_once(
    database: DatabaseSettings,
) -> None:
    former, present = random_kek(), random_kek()
    sealed = await with_secrets(former)
    both = TenantEncryption([present, former])
    changed = await asyncio.gather(*(data_keys.rewrap(database, both) for _ in range(3)))
    assert sum(changed) == TENANTS
    assert await opened(sealed, present) == SECRETS
