"""A file of the audit log, checked by seals that were printed beside it: no server and no database
is asked.

A file may hold a part of the log: what is not in it is no fault. What is in it is an event as it
was sealed, at its place, or it is named.
"""

import codecs
import csv
import io
import sys
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, Final, NamedTuple
from uuid import UUID

import orjson

from authgate import storage
from authgate.exports import audit_lines
from authgate.sealing.folds import Fold, is_good
from authgate.sealing.verification import Report, Verification
from authgate.storage import connection
from authgate.storage.audit import audit_seals, leaves
from authgate.storage.audit.audit_events import BEFORE_ALL
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.leaves import COLUMNS
from authgate.storage.audit.sealed import SealedEvent
from authgate.web import csv_table
from authgate_tenants import current_tenant

_KIND: Final = "authgate-audit-seals"
_PAGE: Final = 100
_LONGEST_CELL: Final = 16 * 1024 * 1024
_BYTES: Final = ("members", "root", "previous", "digest", "signature", "signer")
_FOLDED: Final = ("folded", "fold_signature", "fold_signer")
_NUMBERS: Final = ("first_seq", "last_seq")
_MOMENTS: Final = ("sealed_at", "newest_at", "checkpoint_at", "removed_at")


class UnfitLogFile(ValueError):
    """What is no file of the log, or holds no seals; the text says which."""


async def seal_lines() -> AsyncIterator[bytes]:
    """The seals of the current tenant's log as a file, line by line."""
    tenant, at = current_tenant(), 0
    yield _line({"kind": _KIND, "tenant": {"id": str(tenant.id), "slug": tenant.slug}})
    while True:
        async with storage.transaction():
            seals = await audit_seals.following(at, limit=_PAGE)
        for each in seals:
            yield _line(_told(each))
        if not seals:
            return
        at = seals[-1].first_seq


def checked(
    file: BinaryIO,
    seals: BinaryIO,
    *,
    trusted: Collection[str],
    checkpoint: Mapping[str, Any] | None = None,
) -> Report:
    """What is found of the events in a file, JSON Lines or a table. Raises ``UnfitLogFile``."""
    held = _held(file)
    lines: Iterator[Any] = map(orjson.loads, seals)
    with _seals_alone():
        head: Any = next(lines, {})
        if head["kind"] != _KIND:
            raise ValueError(_KIND)
        verification = Verification(
            tenant_id=UUID(head["tenant"]["id"]),
            tenant=str(head["tenant"]["slug"]),
            trusted=trusted,
            checkpoint=checkpoint,
            is_part=True,
        )
    there, folded, last = list[Seal](), list[range](), 0
    for seal in _each(lines):
        verification.seal(seal)
        last, fold = seal.last_seq, Fold.of(seal)
        if fold is not None and is_good(verification.tenant_id, seal, trusted=trusted):
            folded.append(range(fold.first_seq, seal.first_seq))
        if seal.last_seq >= held.start and seal.first_seq < held.stop:
            there.append(seal)
    waiting = _take(verification, _Seals(there, folded, last), _events(file))
    return replace(verification.end(), waiting=waiting)


class _Seals(NamedTuple):
    there: Sequence[Seal]
    """Those that hold something fast of what is in the file: the others' events would not fit into
    memory."""
    folded: Sequence[range]
    """Places whose seals are gone, as one that is there says."""
    last: int


def _held(file: BinaryIO) -> range:
    """The places of what is in the file; every place where it can be read only once."""
    if not file.seekable():
        return range(BEFORE_ALL, sys.maxsize)
    first, last = sys.maxsize, BEFORE_ALL
    for event in _events(file):
        if event is not None:
            first, last = min(first, event.seq), max(last, event.seq)
    file.seek(0)
    return range(first, last + 1)


@contextmanager
def _seals_alone() -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnfitLogFile("These are no seals: authgate audit seals prints them.") from error


def _each(lines: Iterable[Mapping[str, Any]]) -> Iterator[Seal]:
    with _seals_alone():
        yield from map(_seal, lines)


def _take(verification: Verification, seals: _Seals, events: Iterable[SealedEvent | None]) -> int:
    """How many events no seal holds fast that is there."""
    first, others = [each.first_seq for each in seals.there], 0
    for event in events:
        seal = seals.there[bisect_right(first, event.seq) - 1] if event and first else None
        if seal is None or event is None or not seal.first_seq <= event.seq <= seal.last_seq:
            seal = None
        if event is None or event.seq > seals.last or (seal is not None and not seal.members):
            others += 1
        elif seal is not None:
            verification.one(seal, event)
        elif any(event.seq in each for each in seals.folded):
            others += 1
        else:
            verification.unsealed([event])
    return others


def _events(file: BinaryIO) -> Iterator[SealedEvent | None]:
    """What is in the file; ``None`` for an event that had no seal when it was written."""
    begun = file.peek(1)[:1] if isinstance(file, io.BufferedReader) else b"{"
    rows = map(orjson.loads, file) if begun in (b"{", b"") else _table(file)
    try:
        for row in rows:
            yield _event(row)
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise UnfitLogFile("This is no file of the log: authgate audit export has it.") from error


def _table(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    lines = codecs.iterdecode(file, "utf-8-sig")
    csv.field_size_limit(_LONGEST_CELL)
    for cells in csv.DictReader(lines, strict=True):
        row: dict[str, Any] = {name: csv_table.told(cells[name]) for name in audit_lines.COLUMNS}
        yield {
            **row,
            "success": row["success"] == "True",
            "actor": {name: row[f"actor_{name}"] for name in ("type", "id", "name")},
            "resource": {name: row[f"resource_{name}"] for name in ("type", "id")},
            "details": orjson.loads(row["details"] or "{}"),
            "seq": int(row["seq"]) if row["seq"] else None,
        }


def _event(row: Mapping[str, Any]) -> SealedEvent | None:
    if row["seq"] is None:
        return None
    if type(row["seq"]) is not int:
        raise ValueError(row["seq"])
    values = dict(row)
    for name, parts in (("actor", ("type", "id", "name")), ("resource", ("type", "id"))):
        values |= {f"{name}_{part}": row[name][part] for part in parts}
    salt = bytes.fromhex(row["salt"]) if row["salt"] else None
    event = leaves.Sealable.of([values[name] for name in COLUMNS])
    # Of what tells of a person nothing is left, and no salt, once that was erased.
    return SealedEvent(row["seq"], event, salt, bytes.fromhex(row["commitment"]), salt is None)


def _line(record: Mapping[str, Any]) -> bytes:
    return orjson.dumps(record) + b"\n"


def _told(seal: Seal) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(seal, name) for name in (*_NUMBERS, *_MOMENTS)}
    raw = {name: getattr(seal, name) for name in (*_BYTES, *_FOLDED)}
    return told | {
        name: None if value is None else b64encode(value).decode() for name, value in raw.items()
    }


def _seal(row: Mapping[str, Any]) -> Seal:
    values = {name: int(row[name]) for name in _NUMBERS}
    moments = {name: connection.moment(row[name]) for name in _MOMENTS if row[name] is not None}
    raw = {name: b64decode(row[name] or b"") for name in _BYTES}
    raw |= {name: b64decode(row[name]) for name in _FOLDED if row[name] is not None}
    return Seal(**{**values, **moments, **raw})  # type: ignore[arg-type]  # by their names
