"""Whether an audit log is as it was when it was sealed, and what was done to it if not.

The log comes in pieces, seal by seal: from the database or from a file. A page of it is in memory,
and of what is wrong no more than is told.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final
from uuid import UUID

from authgate.audit import Event
from authgate.sealing.faults import MOST, Fault, Kind, Misfits
from authgate.sealing.folds import Fold, is_good
from authgate.sealing.places import Places
from authgate.sealing.sayings import MOST_SEALS, Sayings
from authgate.storage.audit import leaves
from authgate.storage.audit.audit_seals import BEGINS, Member, Seal
from authgate.storage.audit.leaves import Sealable
from authgate.storage.audit.sealed import SealedEvent
from authgate.tokens.audit_seal import is_signed, named

_NO_PLACE: Final = 2**63
_EMPTY: Final[tuple[Any, ...]] = ("", "", "", {})
"""What is left of what told of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    tenant: str
    first_seq: int
    """Of the events that are there; 0 where there are none."""
    last_seq: int
    digest: str
    """Of the newest seal, by which a checkpoint knows the log."""
    signed_by: str
    events: int
    seals: int
    erased: int
    """Events of which what told of a person was emptied, as other events say."""
    removed: int
    """Events that went by the tenant's retention, as other events say."""
    faults: Sequence[Fault]
    is_comparable: bool = True
    """Whether of the checkpoint's place there is something to compare it with: not so of seals that
    were folded since, but for those of which the log told."""
    waiting: int = 0
    """Events that wait for their seal, and are held fast by nothing yet."""
    unproven: int = 0
    """Where the seals begin for which a later one still has to answer; 0 where none has to."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def forged_from(self, seq: int) -> "Report":
        """The same, once it is known with which seal it begins that they are nobody's."""
        faults = [
            each._replace(seq=seq)
            if each.kind is Kind.FORGED and each.seq <= seq <= each.until
            else each
            for each in self.faults
        ]
        return replace(self, faults=faults)

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        names = self.__dataclass_fields__.keys() - {"faults", "unproven"}
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name in names}
        return {**told, "sound": self.is_sound, "faults": [each.told() for each in self.faults]}


@dataclass(slots=True, kw_only=True)
class Verification:
    """Takes in a log, in the order of its seals."""

    tenant_id: UUID
    tenant: str
    trusted: Collection[str]
    """Thumbprints of the keys that seals have to be signed by."""
    checkpoint: Mapping[str, Any] | None = None
    """What was stated of the log before, by one of them."""
    starts: int = 1
    """The first place that is looked at."""
    may_lack: int = 0
    """How many events may be missing since they were left out on purpose."""

    is_part: bool = False
    """Whether a part of the events is looked at: what is not there is no fault, nor that what says
    so is not."""

    most_seals: int = MOST_SEALS
    """How many come before events that tell of them."""

    _faults: list[Fault] = field(default_factory=list)
    _misfits: Misfits = field(default_factory=Misfits)
    _last: Seal | None = None
    _bad_ends: list[tuple[int, int]] = field(default_factory=list)
    _begun: int = 0
    _first: int = 0
    _events: int = 0
    _seals: int = 0
    _removed_until: int = 0
    _removed: int = 0
    _erased: Places = field(default_factory=Places)
    _sayings: Sayings = field(init=False)
    _is_checked: bool = False
    _is_comparable: bool = True

    def __post_init__(self) -> None:
        self._sayings = Sayings(
            tenant_id=self.tenant_id, trusted=self.trusted, most_seals=self.most_seals
        )

    def seal(self, seal: Seal) -> None:
        """Take in the next seal."""
        self._sayings.seal(seal)
        members = list(seal.each())
        if seal.digest != seal.digest_for(self.tenant_id) or not _holds(seal, members):
            self._fault(Kind.SEAL_EDITED, seal.first_seq, seal.last_seq)
        self._link(seal)
        if seal.removed_at is None:
            self._first = self._first or seal.first_seq
        else:
            if self._first:
                self._fault(
                    Kind.DELETED, seal.first_seq, seal.last_seq, found="not the oldest that went"
                )
            self._removed_until, self._removed = seal.last_seq, self._removed + seal.count
        if self.checkpoint is not None and seal.last_seq >= self.checkpoint["seq"]:
            self._compare(seal, self.checkpoint)
        self._last, self._seals = seal, self._seals + 1

    def events(self, seal: Seal, events: Sequence[SealedEvent]) -> None:
        """Take in the events that a seal holds fast, as far as they are there: of those that go
        some may be gone, and where all are gone there is none."""
        is_going = seal.removed_at is not None
        if is_going and not seal.members:
            self.unsealed(events)
            return
        found = {each.seq: each for each in events}
        if len(found) < len(events):  # several are at one place
            found = self._without_strangers(seal, events)
        for seq, member in enumerate(seal.each(), seal.first_seq):
            stored = found.get(seq)
            if stored is not None:
                self._event(stored, member, is_going=is_going)
            elif not is_going:
                self._misfits.lacks(seq, member)

    def one(self, seal: Seal, stored: SealedEvent) -> None:
        """Take in an event that a seal holds fast, which has the others' ids and leaves."""
        self._event(stored, seal.member(stored.seq))

    def _without_strangers(
        self, seal: Seal, events: Sequence[SealedEvent]
    ) -> dict[int, SealedEvent]:
        sealed = {member.id for member in seal.each()}
        found: dict[int, SealedEvent] = {}
        for each in sorted(events, key=lambda each: each.event.id not in sealed):
            if found.setdefault(each.seq, each) is not each:
                self._misfits.stranger(each.seq, each.event)
        return found

    def unsealed(self, events: Sequence[SealedEvent]) -> None:
        """Take in events at places that no seal has."""
        for each in events:
            self._misfits.stranger(each.seq, each.event)

    def said(self, event_type: str, details: Any, place: int | None = None) -> None:
        """Take in what an event says of the log itself that is not sealed yet, or behind what is
        looked at. What is done is said before."""
        self._sayings.read(event_type, details, place=_NO_PLACE if place is None else place)

    def unexcused(self) -> Collection[str]:
        """Of which kinds the events are that are still to be heard: nothing of what was taken in
        says that events were to go, or to be emptied, that are gone or empty."""
        says_so = {
            Event.AUDIT_EVENTS_REMOVED: self._removed_until <= self._sayings.removed_until,
            Event.AUDIT_PERSON_ERASED: not any(self._erased.beyond(self._sayings.erased)),
        }
        return [each for each, is_said in says_so.items() if not is_said]

    def knows(self, seal: Seal) -> None:
        """Take note of a seal behind what is looked at, which a statement names."""
        self._sayings.knows(seal)

    def goes_on_behind(self, seal: Seal, *, unproven: int = 0) -> None:
        """Take note of the last seal that was looked at before: the next one holds it fast, and
        those from a place on for which nobody has answered yet."""
        self._sayings.seal(seal)
        if self.checkpoint is not None:
            self._compare(seal, self.checkpoint)
        self._last, self._begun = seal, unproven or seal.first_seq

    def end(self, *, is_whole: bool = True) -> Report:
        """What was found: of all that there is, or of a part behind which the chain goes on. Then a
        later seal answers for the last one as well."""
        last, unproven = self._last, 0
        if last is not None and is_whole:
            self._end_of_chain(last)
        elif last is not None and self._unproven(last):
            unproven = self._begun
        if self.checkpoint is not None and not self._is_checked:
            until = last.last_seq if last else 0
            self._fault(Kind.TAIL_CUT, until + 1, int(self.checkpoint["seq"]))
        if not self.is_part:
            self._unsaid()
        faults = [*self._faults, *self._misfits.faults()]
        return Report(
            tenant=self.tenant,
            first_seq=self._first,
            last_seq=last.last_seq if last else 0,
            digest=last.digest.hex() if last else "",
            signed_by=named(last.signer) if last else "",
            events=self._events,
            seals=self._seals,
            erased=self._erased.count,
            removed=self._removed,
            faults=_told(faults, may_lack=self.may_lack),
            is_comparable=self._is_comparable,
            unproven=unproven,
        )

    def _link(self, seal: Seal) -> None:
        before = self._last
        first, previous = self._beginning(seal)
        if before is None:
            self._begun = first
            if self.starts <= 1 and first > 1:
                self._fault(Kind.SEALS_MISSING, 1, first - 1)
            return
        if first != before.last_seq + 1:
            self._fault(Kind.SEALS_MISSING, before.last_seq + 1, first - 1)
        elif previous not in (before.digest, BEGINS):
            self._fault(Kind.SEAL_EDITED, before.first_seq, before.last_seq)
        if previous == BEGINS:
            self._end_of_chain(before)
            self._begun = first

    def _beginning(self, seal: Seal) -> tuple[int, bytes]:
        """The first place that it stands for, and the digest before that: of those as well that
        were folded, where they are gone."""
        expected, fold = self._last.last_seq + 1 if self._last else 1, Fold.of(seal)
        if seal.folded is None:
            return seal.first_seq, seal.previous
        if fold is None or not is_good(self.tenant_id, seal, trusted=self.trusted):
            found, is_gap = (
                "nobody that is trusted says what it stands for",
                expected < seal.first_seq,
            )
            first, last = (
                (expected, seal.first_seq - 1) if is_gap else (seal.first_seq, seal.last_seq)
            )
            self._fault(Kind.FORGED, first, last, found=found)
            return seal.first_seq, seal.previous
        if seal.first_seq == expected:
            return seal.first_seq, seal.previous
        if self._last is not None and self._has_begun_in(fold, self._last):
            self._removed += seal.first_seq - expected
            return expected, self._last.digest
        if self.starts <= 1 or self._last is not None:
            self._removed += seal.first_seq - fold.first_seq
        return fold.first_seq, fold.previous

    def _has_begun_in(self, fold: Fold, before: Seal) -> bool:
        """Whether some of the seals that were folded were read before that, and are the same."""
        is_known = (before.last_seq, before.digest) in fold.kept or not self._unproven(before)
        return fold.first_seq <= before.first_seq and is_known

    def _end_of_chain(self, seal: Seal) -> None:
        """The newest seal of a chain is signed, and so are all that it holds fast."""
        found = self._unproven(seal)
        if found:
            self._fault(Kind.FORGED, self._begun, seal.last_seq, found=found)

    def _unproven(self, seal: Seal) -> str:
        signer = named(seal.signer)
        if signer not in self.trusted:
            return f"by {signer}"
        return "" if seal_is_signed(seal) else "the signature does not fit"

    def _compare(self, seal: Seal, checkpoint: Mapping[str, Any]) -> None:
        if self._is_checked:
            return
        self._is_checked = True
        known = {seal.last_seq: seal.digest}
        fold = Fold.of(seal) if is_good(self.tenant_id, seal, trusted=self.trusted) else None
        if fold is not None and fold.first_seq <= checkpoint["seq"] < seal.first_seq:
            known = dict(fold.kept)
            if checkpoint["seq"] not in known:
                self._is_comparable = False
                return
        if known.get(checkpoint["seq"], b"").hex() != checkpoint["digest"]:
            self._fault(
                Kind.REWRITTEN, 1, int(checkpoint["seq"]), found="a checkpoint says otherwise"
            )

    def _event(self, stored: SealedEvent, member: Member, *, is_going: bool = False) -> None:
        # Of what goes neither what it says is needed nor whether others say that it was emptied:
        # they may be gone the next moment.
        seq, event, fits = stored.seq, stored.event, _fits(stored, member)
        if not is_going:
            self._events += 1
            self._hear(seq, event)
        if event.id.replace("-", "") != member.hex:
            self._elsewhere(stored, member, fits=fits, is_going=is_going)
            return
        if fits and stored.is_erased and not is_going:
            self._erased.add(seq)
        changed = _changed(stored) if fits else event.event_type
        if changed is not None:
            self._fault(Kind.EDITED, seq, seq, event.id, changed)

    def _elsewhere(
        self, stored: SealedEvent, member: Member, *, fits: bool, is_going: bool
    ) -> None:
        seq = stored.seq
        if fits:
            self._fault(Kind.SEAL_EDITED, seq, seq, found="the id that it names")
            return
        if not is_going:
            self._misfits.lacks(seq, member)
        self._misfits.stranger(seq, stored.event)

    def _hear(self, seq: int, event: Sealable) -> None:
        until = self._sayings.read(event.event_type, event.details, place=seq)
        if until:
            found = f"the checkpoint at {seq} says otherwise"
            self._fault(Kind.REWRITTEN, 1, until, found=found)

    def _unsaid(self) -> None:
        self._sayings.end()
        if self._removed_until > self._sayings.removed_until:
            found = "no signed event says that they were to go"
            self._fault(Kind.DELETED, 1, self._removed_until, found=found)
        for seq in self._erased.beyond(self._sayings.erased):
            self._fault(Kind.EDITED, seq, seq, found="emptied, and no signed event says why")

    def _fault(self, kind: Kind, seq: int, until: int, event_id: str = "", found: str = "") -> None:
        if len(self._faults) < MOST:
            self._faults.append(Fault(kind, seq, until, event_id, found))


def seal_is_signed(seal: Seal) -> bool:
    """Whether the key that it names has signed it."""
    return is_signed(seal.digest, seal.signature, seal.signer)


def _holds(seal: Seal, members: Sequence[Member]) -> bool:
    """Whether it knows the events that it holds fast, or those are gone."""
    if not members:
        return seal.removed_at is not None
    return len(members) == seal.count and leaves.root([each.leaf for each in members]) == seal.root


def _fits(stored: SealedEvent, member: Member) -> bool:
    """Whether it says what it said when it was sealed, but for what tells of a person."""
    try:
        return stored.event.leaf(stored.commitment) == member.leaf
    except TypeError:
        return False  # of another kind than the column


def _changed(stored: SealedEvent) -> str | None:
    """What of that is other than it was, if anything."""
    if stored.is_erased:
        is_empty = tuple(stored.event[-len(_EMPTY) :]) == _EMPTY
        return None if is_empty else "it was erased before"
    return None if _keeps(stored) else "what tells of a person"


def _keeps(stored: SealedEvent) -> bool:
    try:
        return stored.salt is not None and stored.commitment == stored.event.commitment(stored.salt)
    except TypeError:
        return False  # of another kind than the column


def _told(faults: Sequence[Fault], *, may_lack: int) -> list[Fault]:
    """In the order of their places, and without events that were left out on purpose."""
    lacking = [each for each in faults if each.kind is Kind.DELETED and each.event_id]
    forgiven = set(lacking) if len(lacking) <= may_lack else set()
    kept = chain(each for each in faults if each not in forgiven)
    return sorted(kept, key=lambda each: (each.seq, each.kind))[:MOST]
