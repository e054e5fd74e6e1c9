"""What a log says of itself: which of its events went, where it was emptied, how far it had come.

An event alone proves nothing, since whoever may add a row makes one. So each carries a statement
that the installation's key has signed, and that names the newest seal of the moment: it is good for
no other log, and for none that begins anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from authgate.audit import Event
from authgate.installation import Installation
from authgate.sealing.folds import Fold, is_good
from authgate.sealing.places import Places
from authgate.sealing.sealer import keys_of
from authgate.storage.audit import audit_events, audit_seals, leaves
from authgate.storage.audit.audit_seals import Seal
from authgate.tokens.audit_seal import CHANGE, CHECKPOINT
from authgate.tokens.signed_statement import BadStatement, Kind, read, signer_of
from authgate_tenants import current_tenant

_READ: Final[Mapping[str, tuple[Kind, str]]] = {
    Event.AUDIT_EVENTS_REMOVED: (CHANGE, "statement"),
    Event.AUDIT_PERSON_ERASED: (CHANGE, "statement"),
    Event.AUDIT_CHECKPOINT: (CHECKPOINT, "checkpoint"),
}

_YOUNGEST: Final = timedelta(days=30)
"""Nothing goes that is younger."""
_NO_END: Final = 2**63
_CHECKPOINTS: Final = 500
_MOST_CHECKPOINTS: Final = 50_000
"""Those of more than five years."""
MOST_SEALS: Final = 100_000
"""Seals that are remembered: a statement is sealed soon after the seal that it names."""


async def stated(parts: Installation, **what: Any) -> str:
    """A statement of what leaves the current tenant's log, signed."""
    newest = await audit_seals.newest()
    return keys_of(parts).state(
        {
            "iss": parts.settings.base_url,
            "iat": int(parts.clock().timestamp()),
            "tenant": str(current_tenant().id),
            "seq": newest.last_seq if newest else 0,
            "digest": newest.digest.hex() if newest else "",
            **what,
        }
    )


@dataclass(slots=True, kw_only=True)
class Sayings:
    """Takes in what a log says of itself, and believes what is signed."""

    tenant_id: UUID
    trusted: Collection[str]
    """Thumbprints of the keys that statements have to be signed by."""
    most_seals: int = MOST_SEALS

    removed_until: int = 0
    """The last place whose event went, as is said."""
    erased: Places = field(default_factory=Places)
    """Where the log was emptied, as is said."""
    _vouched: dict[str, int] = field(default_factory=dict)
    """Former keys, and the last place of a checkpoint that vouches for them."""
    _unproven: list[tuple[int, str, Mapping[str, Any], bool]] = field(default_factory=list)
    """What others have signed, until it is known who vouches for them."""
    _begun: int = 0
    _begun_at: int = 0
    _digests: dict[int, str] = field(default_factory=dict)
    _newest_removed: int = 0

    def seal(self, seal: Seal) -> None:
        """Take in the next seal."""
        if not self._begun:
            self._begun, self._begun_at = seal.first_seq, int(seal.sealed_at.timestamp())
        fold = Fold.of(seal)
        if fold is not None and is_good(self.tenant_id, seal, trusted=self.trusted):
            self._digests |= {seq: digest.hex() for seq, digest in fold.kept}
            newest = leaves.micros(fold.newest_at)
            self._newest_removed = max(self._newest_removed, newest)
        self._digests[seal.last_seq] = seal.digest.hex()
        if len(self._digests) > self.most_seals:
            del self._digests[next(iter(self._digests))]
        if seal.removed_at is not None:
            newest = leaves.micros(seal.newest_at)
            self._newest_removed = max(self._newest_removed, newest)

    def knows(self, seal: Seal) -> None:
        """Take note of a later seal that a statement names."""
        self._digests[seal.last_seq] = seal.digest.hex()

    def read(self, event_type: str, details: Any, *, place: int) -> int:
        """Take in what an event at a place says. The place up to which the log is another one than
        a checkpoint in it says, or 0."""
        if event_type not in _READ or not isinstance(details, Mapping):
            return 0
        kind, member = _READ[event_type]
        statement = str(details.get(member))
        try:
            signer = signer_of(kind, statement)
            stated = read(kind, statement, trusted=[signer])
        except BadStatement:
            return 0
        if _tenant(stated) != str(self.tenant_id) or not _is_whole(kind, stated):
            return 0
        is_ours = self._is_of_this_log(stated)
        if signer not in self.trusted:
            self._unproven.append((place, signer, stated | {"of": event_type}, is_ours))
            return 0
        return self._believe(event_type, stated, is_ours=is_ours, place=place)

    def end(self) -> None:
        """Take in what former keys have signed before the present one vouched for them."""
        latest_first = sorted(self._unproven, key=itemgetter(0), reverse=True)
        for place, signer, stated, is_ours in latest_first:
            if place < self._vouched.get(signer, 0):
                self._believe(stated["of"], stated, is_ours=is_ours, place=place)

    def _is_of_this_log(self, stated: Mapping[str, Any]) -> bool:
        seq = int(stated["seq"])
        # Where only a part is looked at, what is before it is not known.
        return seq < self._begun or self._digests.get(seq) == stated["digest"]

    def _is_of_another_life(self, stated: Mapping[str, Any]) -> bool:
        # What came from another installation's log tells of that one. And of so many seals in
        # between there is no telling.
        oldest = next(iter(self._digests), 0)
        return bool(stated["sealed_at"] < self._begun_at or stated["seq"] < oldest)

    def _believe(
        self, event_type: str, stated: Mapping[str, Any], *, is_ours: bool, place: int
    ) -> int:
        if event_type == Event.AUDIT_CHECKPOINT:
            for key in stated.get("keys", ()):
                self._vouched[key] = max(place, self._vouched.get(key, 0))
            return 0 if is_ours or self._is_of_another_life(stated) else int(stated["seq"])
        if is_ours and event_type == Event.AUDIT_PERSON_ERASED:
            self.erased.add_said(str(stated.get("places", "")))
        elif is_ours:
            self._believe_removal(stated)
        return 0

    def _believe_removal(self, stated: Mapping[str, Any]) -> None:
        at = audit_seals.moment(int(stated["iat"]) * 1_000_000)
        if self._newest_removed <= leaves.micros(at - _YOUNGEST):
            self.removed_until = max(self.removed_until, int(stated.get("until", 0)))


async def vouched_for(tenant_id: UUID, *, trusted: Collection[str]) -> Mapping[str, int]:
    """Keys by which the current tenant's log was sealed, each with the last place up to which a
    checkpoint vouches for it: by one of these, or by one for which another one vouches."""
    known, skipped = dict.fromkeys(trusted, _NO_END), 0
    while skipped < _MOST_CHECKPOINTS:
        page = await audit_events.newest_of_type(
            Event.AUDIT_CHECKPOINT, skipped=skipped, limit=_CHECKPOINTS
        )
        for signer, stated in filter(None, (_checkpoint(details) for details, _ in page)):
            # By what it states, not by its place: anybody puts an old one there again.
            if _tenant(stated) == str(tenant_id) and stated["seq"] <= known.get(signer, -1):
                known = dict.fromkeys(stated.get("keys", ()), stated["seq"]) | known
        skipped += _CHECKPOINTS
        if len(page) < _CHECKPOINTS:
            break
    return known


def _checkpoint(details: Any) -> tuple[str, Mapping[str, Any]] | None:
    statement = str(details.get("checkpoint")) if isinstance(details, Mapping) else ""
    try:
        signer = signer_of(CHECKPOINT, statement)
        stated = read(CHECKPOINT, statement, trusted=[signer])
    except BadStatement:
        return None
    return (signer, stated) if _is_whole(CHECKPOINT, stated) else None


def named(event_type: str, details: Any) -> tuple[str, int] | None:
    """Who has signed what an event says, and the last place of the seal that it names; nothing
    where that is no statement."""
    if event_type not in _READ or not isinstance(details, Mapping):
        return None
    kind, member = _READ[event_type]
    try:
        signer = signer_of(kind, str(details.get(member)))
        stated = read(kind, str(details.get(member)), trusted=[signer])
    except BadStatement:
        return None
    return (signer, stated["seq"]) if _is_whole(kind, stated) else None


def _is_whole(kind: Kind, stated: Mapping[str, Any]) -> bool:
    """Whether it has what is looked at: somebody else's key may have signed anything."""
    numbers = ("seq", "sealed_at") if kind is CHECKPOINT else ("seq", "iat")
    return all(isinstance(stated.get(name), int) for name in numbers) and "digest" in stated


def _tenant(stated: Mapping[str, Any]) -> Any:
    tenant = stated.get("tenant")
    return tenant.get("id") if isinstance(tenant, Mapping) else tenant
