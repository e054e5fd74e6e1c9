"""Writing a tenant down: all of it as it was at one moment, a page of it in memory."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from authgate import audit
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.portable.document import Writer
from authgate.portable.passphrase import FileKeys, check_passphrase
from authgate.storage.portable import snapshot
from authgate.storage.portable.columns import columns_of
from authgate.storage.portable.parts import EXPORTED, LEFT_OUT, STAYS, TENANT, Part
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.encryption import TenantCipher

_WAITS = (TenantStatus.DELETING, TenantStatus.ERASING)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a file holds."""

    passphrase: str | None = None
    """What seals the secrets; without it there are none, and the file is for reading only."""
    signing_keys: bool = False
    """Whether tokens that were signed go on being believed, and whoever has file and passphrase
    can sign."""

    def takes(self, part: Part) -> bool:
        """Whether a part is in the file."""
        if part.is_of_signing_keys:
            return self.passphrase is not None and self.signing_keys
        return self.passphrase is not None or not part.needs_secrets


async def export(
    parts: Installation, tenant: Tenant, choice: Choice, *, actor: Actor
) -> AsyncGenerator[bytes]:
    """The bytes of a tenant's file, in pieces. It is whole once all of them were taken.

    That it was asked for is written down before the first. Raises ``WeakPassphrase``.
    """
    if choice.passphrase is not None:
        check_passphrase(choice.passphrase)
    with use_tenant(tenant):
        await audit.record(
            Event.TENANT_EXPORTED,
            actor=actor,
            resource=("tenant", str(tenant.id)),
            details={"sealed": choice.passphrase is not None, "with_signing": choice.signing_keys},
        )
    async with aclosing(pieces(parts, tenant, choice)) as whole:
        async for piece in whole:
            yield piece


async def pieces(parts: Installation, tenant: Tenant, choice: Choice) -> AsyncGenerator[bytes]:
    """The same, where it is written down already. Raises ``WeakPassphrase``."""
    keys = None
    if choice.passphrase is not None:
        keys = await asyncio.to_thread(FileKeys.of, choice.passphrase, tenant.id)
    with use_tenant(tenant):
        cipher = await parts.encryption.cipher(tenant.id)
    async with snapshot.taken(parts.settings.database, tenant.id) as moment:
        writer = Writer(keys)
        yield writer.head(_head(await moment.tenant(), tenant, choice, keys))
        for part in EXPORTED:
            if not choice.takes(part):
                continue
            telling = _Telling(part, cipher, keys)
            yield writer.begin(part, telling.columns)
            async for page in moment.pages(part):
                yield writer.rows([telling.told(row) for row in page])
            yield writer.end(part)
        yield writer.close()


def _head(
    row: Mapping[str, Any], tenant: Tenant, choice: Choice, keys: FileKeys | None
) -> dict[str, Any]:
    told = {
        column.name: column.told(row[column.name])
        for column in columns_of(TENANT)
        if column.name not in STAYS
    }
    if told["status"] in _WAITS:
        # Where it comes to it waits for nothing, and is not served before somebody says so.
        told["status"] = TenantStatus.SUSPENDED
    left_out = {model._meta.db_table: why for model, why in LEFT_OUT.items()}  # noqa: SLF001
    left_out |= {part.table: _reason(part) for part in EXPORTED if not choice.takes(part)}
    return {
        "tenant": told,
        "secrets": keys.told(tenant.id) if keys else None,
        "signing_keys": choice.signing_keys and keys is not None,
        "left_out": left_out,
    }


def _reason(part: Part) -> str:
    return (
        "not asked for" if part.is_of_signing_keys else "holds secrets, and there is no passphrase"
    )


class _Telling:
    """Tells the rows of one part."""

    def __init__(self, part: Part, cipher: TenantCipher, keys: FileKeys | None) -> None:
        self._part = part
        self._cipher = cipher
        self._keys = keys
        told = [each for each in part.columns if keys is not None or each.name not in part.hidden]
        self._open = [each for each in told if each.name not in part.hidden]
        self._hidden = [each.name for each in told if each.name in part.hidden]
        self.columns = [each.name for each in told]

    def told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as the file holds it."""
        told = {column.name: column.told(row[column.name]) for column in self._open}
        if told.get("guest_until") is not None:
            # Who was let in here as an operator is nobody at the next installation.
            told["status"] = UserStatus.DISABLED
        for name in self._hidden:
            told[name] = self._sealed(name, row[name], told)
        return told

    def _sealed(self, name: str, value: Any, told: Mapping[str, Any]) -> str | None:
        if value is None or self._keys is None:
            return None
        secret = value.encode() if isinstance(value, str) else bytes(value)
        place = self._part.sealed.get(name)
        if place is not None and secret:
            secret = self._cipher.open(
                kind=place.kind.format_map(told),
                object_id=place.object_id.format_map(told),
                sealed=secret,
            )
            # A key that was destroyed is told from a secret that is empty.
            secret = b"+" + secret
        return self._keys.seal(secret, self._part.table, told["id"], name)
