"""Seals of the audit log: each holds a few hundred events fast, and the seal before it."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from tortoise import fields

from authgate.storage.audit import leaves
from authgate.storage.audit.leaves import HASH_BYTES
from authgate.storage.database import StorageUnavailable
from authgate_tenants import TenantOwned, current_tenant

BEGINS: Final = bytes(HASH_BYTES)
"""What stands for the seal before the first one."""

_ID_BYTES: Final = 16
_MEMBER_BYTES: Final = _ID_BYTES + HASH_BYTES
_PURPOSE: Final = b"authgate audit seal\n"


class AuditSealRow(TenantOwned):
    """A seal."""

    first_seq = fields.BigIntField()
    last_seq = fields.BigIntField()
    members = fields.BinaryField()
    """Of each event its id and its leaf; nothing once the events are gone."""
    root = fields.BinaryField()
    previous = fields.BinaryField()
    """The digest of the seal before it."""
    digest = fields.BinaryField()
    signature = fields.BinaryField()
    signer = fields.BinaryField()
    """The public key that checks the signature."""
    sealed_at = fields.DatetimeField()
    newest_at = fields.DatetimeField()
    """When the youngest of the events happened."""
    checkpoint_at = fields.DatetimeField()
    """When the newest checkpoint was made, or the first seal."""
    removed_at = fields.DatetimeField(null=True)
    """When it was decided that the events go."""
    gone_at = fields.DatetimeField(null=True)
    """When they were gone."""
    folded = fields.BinaryField(null=True)
    """What it stands for besides itself, where others before it were removed."""
    fold_signature = fields.BinaryField(null=True)
    fold_signer = fields.BinaryField(null=True)

    class Meta:
        table = "audit_seals"
        unique_together = (("tenant_id", "first_seq"), ("tenant_id", "id"))


class Member(NamedTuple):
    """An event as its seal knows it."""

    hex: str
    """Its id, in 32 digits."""
    leaf: bytes

    @property
    def id(self) -> str:
        """Its id."""
        return str(UUID(self.hex))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal."""

    first_seq: int
    last_seq: int
    members: bytes
    root: bytes
    previous: bytes
    digest: bytes
    signature: bytes
    signer: bytes
    sealed_at: datetime
    newest_at: datetime
    checkpoint_at: datetime
    removed_at: datetime | None = None
    folded: bytes | None = None
    fold_signature: bytes | None = None
    fold_signer: bytes | None = None

    @classmethod
    def from_row(cls, row: AuditSealRow) -> Self:
        """The value of a stored row."""
        return cls(
            first_seq=row.first_seq,
            last_seq=row.last_seq,
            members=bytes(row.members),
            root=bytes(row.root),
            previous=bytes(row.previous),
            digest=bytes(row.digest),
            signature=bytes(row.signature),
            signer=bytes(row.signer),
            sealed_at=row.sealed_at,
            newest_at=row.newest_at,
            checkpoint_at=row.checkpoint_at,
            removed_at=row.removed_at,
            folded=_bytes(row.folded),
            fold_signature=_bytes(row.fold_signature),
            fold_signer=_bytes(row.fold_signer),
        )

    @property
    def count(self) -> int:
        """How many events it holds fast."""
        return self.last_seq - self.first_seq + 1

    def each(self) -> Iterator[Member]:
        """The events, in their order."""
        for begin in range(0, len(self.members), _MEMBER_BYTES):
            yield self._member(begin)

    def member(self, seq: int) -> Member:
        """The event at this place."""
        return self._member((seq - self.first_seq) * _MEMBER_BYTES)

    def _member(self, begin: int) -> Member:
        leaf_begin = begin + _ID_BYTES
        return Member(
            self.members[begin:leaf_begin].hex(),
            self.members[leaf_begin : begin + _MEMBER_BYTES],
        )

    def digest_for(self, tenant_id: UUID) -> bytes:
        """What its digest has to be."""
        return digest(
            tenant_id,
            previous=self.previous,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            root=self.root,
            newest_at=self.newest_at,
            sealed_at=self.sealed_at,
        )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def digest(
    tenant_id: UUID,
    *,
    previous: bytes,
    first_seq: int,
    last_seq: int,
    root: bytes,
    newest_at: datetime,
    sealed_at: datetime,
) -> bytes:
    """The digest of a seal, which the next one holds fast."""
    numbers = (first_seq, last_seq, leaves.micros(newest_at), leaves.micros(sealed_at))
    said = b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    return hashlib.sha256(_PURPOSE + tenant_id.bytes + previous + root + said).digest()


def moment(micros: int) -> datetime:
    """A moment that is given in microseconds of Unix time."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def members_of(members: Sequence[Member]) -> bytes:
    """Events as a seal keeps them."""
    return b"".join(bytes.fromhex(each.hex) + each.leaf for each in members)


async def newest() -> Seal | None:
    """The current tenant's last one."""
    row = await AuditSealRow.all().order_by("-first_seq").first()
    return Seal.from_row(row) if row else None


async def following(seq: int, *, limit: int) -> list[Seal]:
    """The current tenant's next ones, those that begin behind this place."""
    rows = await AuditSealRow.filter(first_seq__gt=seq).order_by("first_seq").limit(limit)
    return [Seal.from_row(each) for each in rows]


async def reaching(seq: int) -> Seal | None:
    """The current tenant's one that holds this place fast, or the next one."""
    row = await AuditSealRow.filter(last_seq__gte=seq).order_by("last_seq").first()
    return Seal.from_row(row) if row else None


async def ending_at(places: Collection[int]) -> list[Seal]:
    """The current tenant's ones whose last places are these."""
    return [Seal.from_row(each) for each in await AuditSealRow.filter(last_seq__in=list(places))]


async def oldest(*, limit: int) -> list[Seal]:
    """The current tenant's first ones whose events are there."""
    rows = await AuditSealRow.filter(gone_at__isnull=True).order_by("first_seq").limit(limit)
    return [Seal.from_row(each) for each in rows]


async def gone(*, limit: int) -> list[Seal]:
    """The current tenant's first ones whose events are gone, from the newest on that stands for
    others."""
    folding = await AuditSealRow.filter(folded__isnull=False).order_by("-first_seq").first()
    rows = AuditSealRow.filter(
        gone_at__isnull=False, first_seq__gte=folding.first_seq if folding else 0
    )
    return [Seal.from_row(each) for each in await rows.order_by("first_seq").limit(limit)]


async def folded() -> list[Seal]:
    """The current tenant's ones that stand for others."""
    rows = AuditSealRow.filter(folded__isnull=False).order_by("first_seq")
    return [Seal.from_row(each) for each in await rows]


async def fold(seal: Seal, said: bytes, *, signature: bytes, signer: bytes) -> None:
    """Have one stand for others; with the open unit of work. Raises ``StorageUnavailable`` where
    it is not there any more."""
    own = AuditSealRow.filter(first_seq=seal.first_seq, removed_at__isnull=False)
    if await own.update(folded=said, fold_signature=signature, fold_signer=signer) != 1:
        raise StorageUnavailable("Seals were folded by somebody else.")


async def give_up(seals: Sequence[Seal], *, now: datetime) -> None:
    """Note that the events of these go."""
    first = [each.first_seq for each in seals]
    await AuditSealRow.filter(first_seq__in=first).update(removed_at=now)


async def empty(first: int, last: int, *, now: datetime) -> None:
    """Note that the events from one place to another are gone: nobody asks for them by their ids
    any more."""
    seals = AuditSealRow.filter(first_seq__gte=first, last_seq__lte=last, removed_at__isnull=False)
    await seals.update(members=b"", gone_at=now)


async def add(seal: Seal) -> None:
    """Keep one, with the open unit of work."""
    await AuditSealRow.create(
        tenant_id=current_tenant().id,
        **{name: getattr(seal, name) for name in Seal.__dataclass_fields__},
    )
