"""A file of the audit log, checked by seals that were printed beside it: no server and no database
is asked.

A file may hold a part of the log: what is not in it is no fault. What is in it is an event as it
was sealed, at its place, or it is named.
"""

import codecs
import csv
import io
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson

from authgate import storage
from authgate.exports import audit_lines
from authgate.sealing.verification import Report, Verification
from authgate.storage import connection
from authgate.storage.audit import audit_seals, leaves
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.leaves import COLUMNS
from authgate.storage.audit.sealed import SealedEvent
from authgate.web import csv_table
from authgate_tenants import current_tenant

_KIND: Final = "authgate-audit-seals"
_PAGE: Final = 100
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
    try:
        head, *lines = map(orjson.loads, seals)
        if head["kind"] != _KIND:
            raise UnfitLogFile("These are no seals: authgate audit seals prints them.")
        verification = Verification(
            tenant_id=UUID(head["tenant"]["id"]),
            tenant=str(head["tenant"]["slug"]),
            trusted=trusted,
            checkpoint=checkpoint,
            is_part=True,
        )
        there = [_seal(each) for each in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise UnfitLogFile("These are no seals: authgate audit seals prints them.") from error
    for each in there:
        verification.seal(each)
    waiting = _take(verification, there, _events(file))
    return replace(verification.end(), waiting=waiting)


def _take(
    verification: Verification, seals: Sequence[Seal], events: Iterable[SealedEvent | None]
) -> int:
    """How many events no seal holds fast that is there."""
    first, others = [each.first_seq for each in seals], 0
    last = seals[-1].last_seq if seals else 0
    for event in events:
        number = bisect_right(first, event.seq) - 1 if event else -1
        if event is None or event.seq > last or (number >= 0 and not seals[number].members):
            others += 1
        elif number >= 0 and event.seq <= seals[number].last_seq:
            verification.one(seals[number], event)
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
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnfitLogFile("This is no file of the log: authgate audit export has it.") from error


def _table(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    lines = codecs.iterdecode(file, "utf-8-sig")
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
    return told | {name: value and b64encode(value).decode() for name, value in raw.items()}


def _seal(row: Mapping[str, Any]) -> Seal:
    values = {name: int(row[name]) for name in _NUMBERS}
    moments = {name: connection.moment(row[name]) for name in _MOMENTS if row[name] is not None}
    raw = {name: b64decode(row[name] or b"") for name in _BYTES}
    raw |= {name: b64decode(row[name]) for name in _FOLDED if row[name] is not None}
    return Seal(**{**values, **moments, **raw})  # type: ignore[arg-type]  # by their names
