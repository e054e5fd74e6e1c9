"""Writing a tenant down: all of it as it was at one moment, a page of it in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Self
from uuid import UUID

from authgate import audit
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.portable.document import Summary, Writer, Written, schema
from authgate.portable.passphrase import FileKeys, check_passphrase
from authgate.storage.portable import snapshot
from authgate.storage.portable.columns import columns_of
from authgate.storage.portable.parts import EXPORTED, LEFT_OUT, STAYS, TENANT, Part
from authgate.storage.portable.snapshot import BEFORE_ALL, Snapshot
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.encryption import TenantCipher

_WAITS = (TenantStatus.DELETING, TenantStatus.ERASING)
_HEAD: Final = "head"
_NAMED: Final = ("id", "user_id", "connection_id", "group_id")
"""Columns by whose ids a row is told that came later, or belongs to one that did."""
_TIMED: Final = 7
"""The version of ids that begin with the moment at which they were made (RFC 9562 5.7)."""
_IN_FLIGHT: Final = timedelta(minutes=1)
"""What was on its way into the database when a file was begun, or was dated by another clock."""


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
    writing = await Writing.opened(parts, tenant, choice)
    async with aclosing(writing.pieces()) as whole:
        async for piece in whole:
            yield piece


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file has come, for whoever goes on with it."""

    part: str
    """The table that is written, or is next; nothing once there is none."""
    after: UUID | None
    """The last row of it that was written; ``None`` before it has begun."""
    written: Written
    is_whole: bool = False
    """Whether the last line was written as well, and nothing is left to be."""

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        written = self.written
        return {
            "schema": schema(),
            "part": self.part,
            "after": str(self.after) if self.after else None,
            "parts": {table: list(each) for table, each in written.parts.items()},
            "rows": written.rows,
            "begins": written.begins,
            "size": written.size,
            "is_whole": self.is_whole,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From JSON."""
        parts = {table: Summary(*each) for table, each in told["parts"].items()}
        written = Written(parts, told["rows"], told["begins"], told["size"])
        after = UUID(told["after"]) if told["after"] else None
        return cls(told["part"], after, written, told["is_whole"])


class Writing:
    """A file that is written: from its beginning, or on from where somebody has come to.

    It shows one moment. Whoever goes on sees another one, and leaves out what is younger than the
    file's beginning: people whom the file does not hold have nothing in it.
    """

    def __init__(
        self,
        parts: Installation,
        tenant: Tenant,
        choice: Choice,
        keys: FileKeys | None,
        cipher: TenantCipher,
        *,
        former: Position | None = None,
        since: datetime | None = None,
    ) -> None:
        self._database = parts.settings.database
        self._tenant, self._choice = tenant, choice
        self._keys, self._cipher = keys, cipher
        self._is_old = _IsOld(since) if former and since else None
        self._writer = Writer(keys, former.written if former else None)
        self._part = former.part if former else _HEAD
        self._after = former.after if former else None
        self.is_whole = former is not None and former.is_whole

    @classmethod
    async def opened(
        cls,
        parts: Installation,
        tenant: Tenant,
        choice: Choice,
        *,
        former: Position | None = None,
        since: datetime | None = None,
    ) -> Self:
        """With its keys, which take a second of processor time. ``since`` is when a file was begun
        that goes on. Raises ``WeakPassphrase``."""
        keys = None
        if choice.passphrase is not None:
            keys = await asyncio.to_thread(FileKeys.of, choice.passphrase, tenant.id)
        with use_tenant(tenant):
            cipher = await parts.encryption.cipher(tenant.id)
        return cls(parts, tenant, choice, keys, cipher, former=former, since=since)

    @property
    def position(self) -> Position:
        """How far it has come with the pieces that were taken."""
        return Position(self._part, self._after, self._writer.written, self.is_whole)

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._writer.sha256

    def reread(self, content: bytes) -> None:
        """Take note of a piece that was written before; of all of them, before others follow."""
        self._writer.reread(content)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """What follows, to the end: nothing where somebody was killed behind the last line."""
        if self.is_whole:
            return
        async with snapshot.taken(self._database, self._tenant.id) as moment:
            left = [each for each in EXPORTED if self._choice.takes(each)]
            if self._part == _HEAD:
                self._part = left[0].table
                told = _head(await moment.tenant(), self._tenant, self._choice, self._keys)
                told["events_left_out"] = await moment.sealed_without_rows()
                yield self._writer.head(told)
            while left and left[0].table != self._part:
                left.pop(0)
            for part, following in pairwise([*left, None]):
                if part is not None:
                    async for piece in self._of(moment, part, following):
                        yield piece
            last = self._writer.close()
            self.is_whole = True
            yield last

    async def _of(
        self, moment: Snapshot, part: Part, following: Part | None
    ) -> AsyncIterator[bytes]:
        telling = _Telling(part, self._cipher, self._keys)
        if self._after is None:
            self._part, self._after = part.table, BEFORE_ALL
            yield self._writer.begin(part, telling.columns)
        async for page in moment.pages(part, after=self._after):
            self._after = UUID(str(page[-1]["id"]))
            rows = [row for row in page if self._is_old is None or self._is_old(row)]
            yield self._writer.rows([telling.told(row) for row in rows])
        self._part, self._after = following.table if following else "", None
        yield self._writer.end(part)


class _IsOld:
    """Tells rows that a file that goes on may hold, by the moments in their ids."""

    def __init__(self, since: datetime) -> None:
        self._last = int((since - _IN_FLIGHT).timestamp() * 1000)

    def __call__(self, row: Mapping[str, Any]) -> bool:
        named = (row.get(name) for name in _NAMED)
        return all(self._is_old(str(each)) for each in named if each is not None)

    def _is_old(self, named: str) -> bool:
        found = UUID(named)
        return found.version != _TIMED or found.int >> 80 <= self._last


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
