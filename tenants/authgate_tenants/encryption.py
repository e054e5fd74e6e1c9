"""Secrets at rest: a tenant's data key seals them, a key-encryption key wraps the data key.

Everything is AES-256-GCM and bound to its place: what was sealed for one tenant, kind, object or
version opens nowhere else. A new key-encryption key touches the wrapped data keys only
(``rewrapped``), and a data key that is gone takes with it all it has sealed.
"""

import os
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.models import TenantDataKey
from authgate_tenants.scope import CrossTenant, current_tenant

_WRAPPED, _SEALED = 1, 2
_HEAD = struct.Struct(">BI")  # format, data key's version
_KEK_ID_BYTES = 8  # follow the head of a wrapped data key
_NONCE_BYTES = 12
_KEY_BYTES = 32
# A younger row may belong to a transaction that will be rolled back, and a remembered key that
# was never stored would seal what nobody can open again.
_SETTLED_AFTER = timedelta(minutes=1)


class SealBroken(ValueError):
    """Sealed bytes were changed, cut, or moved to another tenant, kind, object or version."""


class UnknownKeyEncryptionKey(LookupError):
    """A data key is wrapped by a key-encryption key that this process was not given."""

    def __init__(self, kek_id: str) -> None:
        super().__init__(
            f"A data key is wrapped by the key-encryption key {kek_id}. Give it back as one of "
            "AUTHGATE_KEYS__RETIRED_KEKS until `authgate keys rewrap` has run."
        )


class KeyRing:
    """The key-encryption keys: the first wraps, every one opens what it has wrapped."""

    def __init__(self, keys: Sequence[KeyEncryptionKey]) -> None:
        self._wrapping = keys[0]
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys}

    @property
    def wrapping_id(self) -> str:
        """Id of the key that wraps."""
        return self._wrapping.id

    def wrap(self, data_key: bytes, *, tenant_id: UUID, version: int) -> bytes:
        """Seal a data key for its tenant and version."""
        kek_id = self._wrapping.id
        head = _HEAD.pack(_WRAPPED, version) + bytes.fromhex(kek_id)
        place = _place(_WRAPPED, "data-key", tenant_id, kek_id, version)
        return head + _encrypted(self._ciphers[kek_id], data_key, place)

    def unwrap(self, wrapped: bytes, *, tenant_id: UUID, version: int) -> bytes:
        """Open a data key. Raises ``SealBroken`` and ``UnknownKeyEncryptionKey``."""
        if _head(wrapped) != (_WRAPPED, version):
            raise SealBroken("This is not the wrapped data key of this version.")
        rest = wrapped[_HEAD.size :]
        kek_id = rest[:_KEK_ID_BYTES].hex()
        if kek_id not in self._ciphers:
            raise UnknownKeyEncryptionKey(kek_id)
        place = _place(_WRAPPED, "data-key", tenant_id, kek_id, version)
        return _decrypted(self._ciphers[kek_id], rest[_KEK_ID_BYTES:], place)


@dataclass(frozen=True, slots=True)
class TenantCipher:
    """Seals and opens the secrets of one tenant: the newest data key seals, all of them open."""

    tenant_id: UUID
    data_keys: Mapping[int, bytes] = field(repr=False)

    def seal(self, *, kind: str, object_id: str, plaintext: bytes) -> bytes:
        """Encrypt a secret for its place, e.g. kind ``signing-key`` and the key's id."""
        version = max(self.data_keys)
        place = _place(_SEALED, kind, self.tenant_id, object_id, version)
        # Made anew each time: 10,000 of them would hold 25 MB, and making one takes 2 µs.
        cipher = AESGCM(self.data_keys[version])
        return _HEAD.pack(_SEALED, version) + _encrypted(cipher, plaintext, place)

    def open(self, *, kind: str, object_id: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this very place. Raises ``SealBroken``."""
        form, version = _head(sealed)
        if form != _SEALED or version not in self.data_keys:
            raise SealBroken("This was not sealed by a data key of this tenant.")
        place = _place(_SEALED, kind, self.tenant_id, object_id, version)
        return _decrypted(AESGCM(self.data_keys[version]), sealed[_HEAD.size :], place)


class TenantEncryption:
    """Finds the cipher of a tenant; remembers those used last."""

    def __init__(
        self,
        keys: Sequence[KeyEncryptionKey],
        *,
        remembered: int = 20_000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        remembering: Callable[[], None] = lambda: None,
    ) -> None:
        """``remembering`` is called when opened keys are kept: whoever has ``forget`` called has to
        hear of what other processes destroy from then on."""
        self._ring = KeyRing(keys)
        self._remembered = remembered
        self._clock = clock
        self._remembering = remembering
        self._ciphers: OrderedDict[UUID, TenantCipher] = OrderedDict()
        self._times_forgotten = 0

    async def cipher(self, tenant_id: UUID) -> TenantCipher:
        """The cipher of the tenant in scope, whose first data key is made where it has none.

        Raises ``CrossTenant`` for any other tenant, ``SealBroken`` and
        ``UnknownKeyEncryptionKey``.
        """
        if current_tenant().id != tenant_id:
            raise CrossTenant("A cipher was asked for from another tenant's scope.")
        known = self._ciphers.get(tenant_id)
        if known is None:
            return await self._load(tenant_id)
        self._ciphers.move_to_end(tenant_id)
        return known

    @property
    def wrapping_id(self) -> str:
        """Id of the key-encryption key that wraps."""
        return self._ring.wrapping_id

    def rewrapped(self, wrapped: bytes, *, tenant_id: UUID, version: int) -> bytes:
        """The same data key, as the first key-encryption key wraps it.

        Raises ``SealBroken`` and ``UnknownKeyEncryptionKey``.
        """
        opened = self._ring.unwrap(wrapped, tenant_id=tenant_id, version=version)
        return self._ring.wrap(opened, tenant_id=tenant_id, version=version)

    async def has_former(self, tenant_id: UUID) -> bool:
        """Whether a former key-encryption key still wraps a data key of the tenant."""
        of_tenant = TenantDataKey.filter(tenant_id=tenant_id)
        return await of_tenant.exclude(kek_id=self.wrapping_id).exists()

    def forget(self, tenant_id: UUID | None, *_parts: str) -> None:
        """Drop a tenant's opened keys from memory, or (``None``) those of all. What is being read
        is kept for nobody."""
        self._times_forgotten += 1
        if tenant_id is None:
            self._ciphers.clear()
        else:
            self._ciphers.pop(tenant_id, None)

    async def _load(self, tenant_id: UUID) -> TenantCipher:
        before = self._times_forgotten
        rows = await TenantDataKey.filter(tenant_id=tenant_id) or [await self._first(tenant_id)]
        cipher = TenantCipher(tenant_id, {row.version: self._unwrapped(row) for row in rows})
        is_settled = max(row.created_at for row in rows) < self._clock() - _SETTLED_AFTER
        if is_settled and before == self._times_forgotten:
            self._remember(cipher)
        return cipher

    async def _first(self, tenant_id: UUID) -> TenantDataKey:
        wrapped = self._ring.wrap(os.urandom(_KEY_BYTES), tenant_id=tenant_id, version=1)
        # Whoever comes second in a race reads the key of the first.
        row, _ = await TenantDataKey.get_or_create(
            version=1,
            tenant_id=tenant_id,
            defaults={"kek_id": self._ring.wrapping_id, "wrapped": wrapped},
        )
        return row

    def _unwrapped(self, row: TenantDataKey) -> bytes:
        return self._ring.unwrap(row.wrapped, tenant_id=row.tenant_id, version=row.version)

    def _remember(self, cipher: TenantCipher) -> None:
        self._remembering()
        self._ciphers[cipher.tenant_id] = cipher
        if len(self._ciphers) > self._remembered:
            self._ciphers.popitem(last=False)


def _place(form: int, kind: str, tenant_id: UUID, object_id: str, version: int) -> bytes:
    return orjson.dumps([form, kind, str(tenant_id), object_id, version])


def _head(blob: bytes) -> tuple[int, int]:
    if len(blob) < _HEAD.size:
        raise SealBroken("Sealed bytes are cut off.")
    form, version = _HEAD.unpack_from(blob)
    return form, version


def _encrypted(cipher: AESGCM, plaintext: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, place)


def _decrypted(cipher: AESGCM, rest: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("Sealed bytes were changed, or belong to another place.") from error
