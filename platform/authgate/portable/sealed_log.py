"""The log in a tenant's file, checked by the seals that are in it: no server and no database is
asked, and no passphrase is needed.
"""

import sys
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import Any, BinaryIO, Final

from authgate.portable.document import Reader
from authgate.portable.imports import SEALS
from authgate.sealing.verification import Report, Verification
from authgate.storage import connection
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.sealed import SEALED_COLUMNS, SealedEvent

_EVENTS: Final = "audit_events"
_BYTES: Final = ("members", "root", "previous", "digest", "signature", "signer")
_FOLDED: Final = ("folded", "fold_signature", "fold_signer")
_MOMENTS: Final = ("sealed_at", "newest_at", "checkpoint_at", "removed_at")


def checked(
    stream: BinaryIO, *, trusted: Collection[str], checkpoint: Mapping[str, Any] | None = None
) -> Report:
    """What is found of the log in a file. Raises ``UnfitFile``."""
    reader = Reader(stream)
    verification = Verification(
        tenant_id=reader.tenant_id,
        tenant=str(reader.head["tenant"].get("slug", "")),
        trusted=trusted,
        checkpoint=checkpoint,
        most_seals=sys.maxsize,  # all of them come before the events
        may_lack=_number(reader.head.get("events_left_out")),
    )
    log = _Log(verification)
    for page in reader.pages(None):
        if page.part.table == SEALS:
            log.seals += [_seal(row) for row in page.rows]
        elif page.part.table == _EVENTS:
            log.take([_event(row) for row in page.rows])
    log.end()
    return verification.end()


class _Log:
    """Events come in the order of their ids, which is nearly that of their places: what a seal
    holds fast is kept until all of it is there."""

    def __init__(self, verification: Verification) -> None:
        self._verification = verification
        self._waiting: dict[int, list[SealedEvent]] = {}
        """By the number of the seal."""
        self._first: list[int] = []
        self.seals: list[Seal] = []

    def take(self, events: list[SealedEvent]) -> None:
        """Take in some events, once all seals are there."""
        self._begin()
        last = self.seals[-1].last_seq if self.seals else 0
        for each in events:
            number = bisect_right(self._first, each.seq) - 1
            if number >= 0 and each.seq <= self.seals[number].last_seq:
                self._add(number, each)
            elif each.seq <= last:
                self._verification.unsealed([each])
            else:
                # What was sealed after the seals were written down is held fast by none of them.
                self._verification.said(each.event.event_type, each.event.details)

    def end(self) -> None:
        """Take in that of some seals not all is there."""
        self._begin()
        for number, events in sorted(self._waiting.items()):
            self._verification.events(self.seals[number], events)

    def _begin(self) -> None:
        if self._first:
            return
        self.seals.sort(key=lambda each: each.first_seq)
        self._first = [each.first_seq for each in self.seals]
        self._waiting = {number: [] for number in range(len(self.seals))}
        for seal in self.seals:
            self._verification.seal(seal)

    def _add(self, number: int, event: SealedEvent) -> None:
        # Of a second one at a place that is full there is nothing to compare.
        waiting, seal = self._waiting.get(number), self.seals[number]
        if waiting is None:
            self._verification.unsealed([event])
            return
        waiting.append(event)
        if len(waiting) == seal.count:
            self._verification.events(seal, self._waiting.pop(number))


def _seal(row: Mapping[str, Any]) -> Seal:
    values: dict[str, Any] = {name: row.get(name) for name in Seal.__dataclass_fields__}
    values |= {name: b64decode(row[name]) for name in _BYTES}
    # Of a file that was written before seals were folded none is.
    values |= {name: _bytes(row.get(name)) for name in _FOLDED}
    values |= {name: connection.moment(row[name]) for name in _MOMENTS if row[name] is not None}
    return Seal(**values)


def _event(row: Mapping[str, Any]) -> SealedEvent:
    values = {**row, **{name: _bytes(row.get(name)) for name in ("salt", "commitment")}}
    seq = row.get("seq")
    # One that waits for its seal has no place yet.
    values["seq"] = seq if isinstance(seq, int) else _NO_PLACE
    return SealedEvent.of([values.get(name) for name in SEALED_COLUMNS])


_NO_PLACE: Final = 2**63


def _bytes(told: Any) -> bytes | None:
    return b64decode(told) if isinstance(told, str) else None


def _number(told: Any) -> int:
    return told if isinstance(told, int) and told >= 0 else 0
