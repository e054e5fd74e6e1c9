"""What the console's first page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.vocabulary import ClientStatus, UserStatus
from authgate.web.console_view_models import ClientLine, ConsoleFrame


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
class OverviewPage:
    """``console/overview.html``."""

    frame: ConsoleFrame
    host: str
    clients: Mapping[ClientStatus, int]
    people: Mapping[UserStatus, int]
    signed_in: int
    """Browsers, now."""
    tokens: int
    """That work now."""
    more_tokens: bool
    """Whether there are more than that."""
    attention: Sequence[Attention]
    newest: Sequence[ClientLine]

    @property
    def all_clients(self) -> int:
        """How many there are."""
        return sum(self.clients.values())
