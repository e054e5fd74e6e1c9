"""What the console's first page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.vocabulary import ClientStatus
from authgate.web.audit_view_models import AuditLine
from authgate.web.console_view_models import ClientLine, ConsoleFrame, FilterLink
from authgate.web.usage_view_models import Figure, UsageChart


@dataclass(frozen=True, slots=True)
class Attention:
    """A client that somebody should look at."""

    url: str
    name: str
    secret_ends_at: datetime | None = None
    """``None`` where it is something else."""
    unseen: bool = False
    """It is served, and nobody has looked at it; else it waits for approval."""


@dataclass(frozen=True, slots=True)
class MatterLine:
    """Something else that somebody should look at."""

    url: str
    matter: str
    """As ``Matter`` has it."""
    total: int
    more: bool
    """Whether there may be more than that."""


@dataclass(frozen=True, slots=True)
class StockLine:
    """How much there is of something now."""

    stock: str
    """As ``Stock`` has it."""
    total: int
    more: bool
    """Whether there are more than that."""


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """``console/overview.html``."""

    frame: ConsoleFrame
    host: str
    spans: Sequence[FilterLink]
    """How much of the past may be shown."""
    figures: Sequence[Figure]
    """Of the span, beside as long before it."""
    charts: Mapping[str, UsageChart]
    """By what they are of: those of which there is something to draw."""
    counted_until: datetime
    is_behind: bool
    """Whether more is being added up."""
    clients: Mapping[ClientStatus, int]
    stocks: Sequence[StockLine]
    attention: Sequence[Attention]
    matters: Sequence[MatterLine]
    newest: Sequence[ClientLine]
    events: Sequence[AuditLine] | None
    """The newest of those that are no mere information; nothing for whoever may not see the log."""
    events_url: str
    again_url: str
    """To look again, where no news come."""
    live_url: str = ""
    """Where news come from."""

    @property
    def all_clients(self) -> int:
        """How many there are."""
        return sum(self.clients.values())

    @property
    def to_do(self) -> int:
        """How much needs attention."""
        return len(self.attention) + len(self.matters)
