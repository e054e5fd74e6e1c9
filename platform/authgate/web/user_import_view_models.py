"""What the console's pages about files of people show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A file that was sent."""

    url: str
    requested_by: str
    created_at: datetime
    lines: int
    state: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class ImportsPage:
    """``console/user_imports.html``. Posts ``file``."""

    frame: ConsoleFrame
    list_url: str
    action: str
    columns: Sequence[str]
    most_kibibytes: int
    imports: Sequence[ImportLine]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was refused."""

    number: int
    username: str
    fault: str


@dataclass(frozen=True, slots=True)
class ImportPage:
    """``console/user_import.html``. Posts nothing besides."""

    frame: ConsoleFrame
    list_url: str
    all_url: str
    here: str
    start_action: str
    """Has it done; empty unless it was gone through for trial."""
    state: str
    dry_run: bool
    lines: int
    gone_through: int
    created: int
    changed: int
    unchanged: int
    refused: int
    refusals: Sequence[RefusedLine]
    """The first of them."""
    live_url: str = ""
    """Where news come from, while it is being gone through."""
