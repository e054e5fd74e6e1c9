"""What the console shows of the tenant's own hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class DomainFields:
    """What is in the form, as it was typed."""

    host: str = ""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """One place that was asked for the proof just now."""

    kind: str
    """``dns`` or ``http``."""
    place: str
    outcome: str
    """``found``, ``missing`` or ``unreachable``."""
    said: str


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A host, and what proves it."""

    host: str
    state: str
    """``waiting``, ``proven``, ``canonical`` or ``former``."""
    record: str
    value: str
    address: str
    stated: bool
    """Whether an operator has vouched for it: no proof is looked for."""
    checked_at: datetime | None
    missing_since: datetime | None
    looked_at: Sequence[LookedAt] = ()
    """What was found just now, where somebody has had it looked for."""


@dataclass(frozen=True, slots=True)
class IssuerLine:
    """What the tenant is called, and was until lately."""

    issuer: str
    is_own: bool
    """Whether it is a host of the tenant's own."""
    former: str | None
    former_host: str
    """The host of the former one; empty where the installation gave the address."""
    former_until: datetime | None


@dataclass(frozen=True, slots=True)
class DomainsPage:
    """``console/domains.html``. Every action but ``end_action`` gets ``host``; an empty one stands
    for the address that the installation gives."""

    frame: ConsoleFrame
    add_action: str
    check_action: str
    remove_action: str
    canonical_action: str
    end_action: str
    issuer: IssuerLine
    domains: Sequence[DomainLine]
    overlap_days: int
    """For how long a former issuer is taken where nobody says."""
    longest_overlap_days: int
    taken: bool = False
    """Whether the host that was looked for just now is another tenant's."""
    callbacks: Sequence[str] = ()
    """Paths that identity providers send people back to: they change with the issuer."""
    fields: DomainFields = DomainFields()
    faults: Mapping[str, str] = field(default_factory=dict)
