"""What the console shows of jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class TenantJobLine:
    """A job: how far it has come, and what can be done with it."""

    kind: str
    state: str
    done: int | None
    total: int | None
    requested_by: str
    attempts: int | None
    error: str
    reason: str
    created_at: datetime
    retry_action: str
    """Empty where it can't be tried again."""
    cancel_action: str
    """Empty where it can't be broken off."""


@dataclass(frozen=True, slots=True)
class JobsPage:
    """``console/jobs.html``."""

    frame: ConsoleFrame
    jobs: Sequence[TenantJobLine]
    under_way: bool
    """Whether something may have come further by the next look."""
    here: str
