"""What a log says of itself: which of its events went, where it was emptied, how far it had come.

An event alone proves nothing, since whoever may add a row makes one. So each carries a statement
that the installation's key has signed, and that names the newest seal of the moment: it is good for
no other log, and for none that begins anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from authgate.audit import Event
from authgate.installation import Installation
from authgate.sealing.places import Places
from authgate.sealing.sealer import keys_of
from authgate.storage.audit import audit_seals, leaves
from authgate.storage.audit.audit_seals import Seal
from authgate.tokens.audit_seal import read_change
from authgate.tokens.signed_statement import BadStatement
from authgate_tenants import current_tenant

TYPES: Final = (Event.AUDIT_EVENTS_REMOVED, Event.AUDIT_PERSON_ERASED)

_YOUNGEST: Final = timedelta(days=30)
"""Nothing goes that is younger."""
_MOST_SEALS: Final = 20_000
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
    most_seals: int = _MOST_SEALS

    removed_until: int = 0
    """The last place whose event went, as is said."""
    erased: Places = field(default_factory=Places)
    """Where the log was emptied, as is said."""
    _begun: int = 0
    _digests: dict[int, str] = field(default_factory=dict)
    _newest_removed: int = 0

    def seal(self, seal: Seal) -> None:
        """Take in the next seal."""
        self._begun = self._begun or seal.first_seq
        self._digests[seal.last_seq] = seal.digest.hex()
        if len(self._digests) > self.most_seals:
            del self._digests[next(iter(self._digests))]
        if seal.removed_at is not None:
            newest = leaves.micros(seal.newest_at)
            self._newest_removed = max(self._newest_removed, newest)

    def read(self, event_type: str, details: Any) -> None:
        """Take in what an event says."""
        if event_type not in TYPES or not isinstance(details, Mapping):
            return
        try:
            stated = read_change(str(details.get("statement")), trusted=self.trusted)
        except BadStatement:
            return
        if stated.get("tenant") == str(self.tenant_id) and self._is_of_this_log(stated):
            self._believe(event_type, stated)

    def _is_of_this_log(self, stated: Mapping[str, Any]) -> bool:
        seq = int(stated["seq"])
        # Where only a part is looked at, what is before it is not known.
        return seq < self._begun or self._digests.get(seq) == stated["digest"]

    def _believe(self, event_type: str, stated: Mapping[str, Any]) -> None:
        if event_type == Event.AUDIT_PERSON_ERASED:
            self.erased.add_said(str(stated.get("places", "")))
            return
        at = audit_seals.moment(int(stated["iat"]) * 1_000_000)
        if self._newest_removed <= leaves.micros(at - _YOUNGEST):
            self.removed_until = max(self.removed_until, int(stated.get("until", 0)))
