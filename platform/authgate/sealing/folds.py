"""Seals whose events are gone, folded into one: else there would be one more each second for ever.

The last of them stays, and says what it stands for: where the first began, by which digest it is
held, how many there were, and the digests of those of which the log itself told in a checkpoint.
That is signed by the key of the seals. Of any other one that was folded nothing can be said any
more but that it was one of a good chain when it was folded.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Self
from uuid import UUID

from authgate.storage.audit import audit_seals, leaves
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.leaves import HASH_BYTES
from authgate.tokens.audit_seal import SealKeys, is_signed, named, public_key

_PURPOSE: Final = b"authgate audit fold\n"
_NUMBER: Final = 8
_HEAD: Final = HASH_BYTES + 3 * _NUMBER
_KEPT: Final = _NUMBER + HASH_BYTES


@dataclass(frozen=True, slots=True)
class Fold:
    """What a seal stands for besides itself."""

    previous: bytes
    """The digest of the seal before the first."""
    first_seq: int
    count: int
    """How many seals."""
    newest_at: datetime
    """When the youngest of their events happened."""
    kept: Sequence[tuple[int, bytes]]
    """The last places and the digests of those of which a checkpoint told."""

    def packed(self) -> bytes:
        """As it is stored and signed."""
        numbers = (self.first_seq, self.count, leaves.micros(self.newest_at))
        said = b"".join(_bytes(each) for each in numbers)
        return self.previous + said + b"".join(_bytes(seq) + digest for seq, digest in self.kept)

    @classmethod
    def of(cls, seal: Seal) -> Self | None:
        """That of a seal, if it has one; nothing where that is none."""
        said = seal.folded
        if said is None or len(said) < _HEAD or (len(said) - _HEAD) % _KEPT:
            return None
        begins = range(HASH_BYTES, _HEAD, _NUMBER)
        first_seq, count, newest = (_number(said[each : each + _NUMBER]) for each in begins)
        try:
            newest_at = audit_seals.moment(newest)
        except OverflowError:
            return None
        kept = [
            (_number(said[at : at + _NUMBER]), said[at + _NUMBER : at + _KEPT])
            for at in range(_HEAD, len(said), _KEPT)
        ]
        return cls(said[:HASH_BYTES], first_seq, count, newest_at, kept)

    @classmethod
    def over(cls, seals: Sequence[Seal]) -> Self:
        """Of these into the last: the first one may stand for others already."""
        begun = cls.of(seals[0])
        going = seals[1:-1] if begun else seals[:-1]
        told = [(each.last_seq, each.digest) for each in going if _is_told(each)]
        first = seals[0]
        if begun and _is_told(first):
            told.insert(0, (first.last_seq, first.digest))
        newest = [each.newest_at for each in seals[:-1]]
        return cls(
            begun.previous if begun else first.previous,
            begun.first_seq if begun else first.first_seq,
            len(seals) - 1 + (begun.count if begun else 0),
            max([*newest, begun.newest_at] if begun else newest),
            [*(begun.kept if begun else ()), *told],
        )


def signature_of(keys: SealKeys, tenant_id: UUID, seal: Seal, folded: bytes) -> tuple[bytes, bytes]:
    """The signature of what a seal stands for, and the key that checks it."""
    return keys.sign(_digest(tenant_id, seal, folded)), public_key(keys.present)


def is_good(tenant_id: UUID, seal: Seal, *, trusted: Collection[str]) -> bool:
    """Whether what a seal says to stand for was signed by one of these keys."""
    if seal.folded is None or seal.fold_signature is None or seal.fold_signer is None:
        return False
    signed = _digest(tenant_id, seal, seal.folded)
    is_trusted = named(seal.fold_signer) in trusted
    return is_trusted and is_signed(signed, seal.fold_signature, seal.fold_signer)


def is_chain(tenant_id: UUID, seals: Sequence[Seal], *, trusted: Collection[str]) -> bool:
    """Whether these follow one another, as they were sealed, and the key that signed the last one
    has done so: whose that is is not asked."""
    for before, each in pairwise(seals):
        if each.previous != before.digest or each.first_seq != before.last_seq + 1:
            return False
    last = seals[-1]
    return (
        all(each.digest == each.digest_for(tenant_id) for each in seals)
        and (seals[0].folded is None or is_good(tenant_id, seals[0], trusted=trusted))
        and is_signed(last.digest, last.signature, last.signer)
    )


def _is_told(seal: Seal) -> bool:
    return seal.checkpoint_at == seal.sealed_at


def _digest(tenant_id: UUID, seal: Seal, folded: bytes) -> bytes:
    return hashlib.sha256(_PURPOSE + tenant_id.bytes + seal.digest + folded).digest()


def _bytes(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "big", signed=True)


def _number(said: bytes) -> int:
    return int.from_bytes(said, "big", signed=True)
