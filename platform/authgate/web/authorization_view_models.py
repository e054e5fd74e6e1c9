"""What the console's list of the people who have let a client in shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class AuthorizationLine:
    """What one person has allowed."""

    action: str
    """Takes it back; gets nothing besides."""
    user: str
    scopes: Sequence[str]
    granted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationsPage:
    """``console/client_people.html``."""

    frame: ConsoleFrame
    name: str
    client_url: str
    authorizations: Sequence[AuthorizationLine]
    next_url: str | None = None
    previous_url: str | None = None
