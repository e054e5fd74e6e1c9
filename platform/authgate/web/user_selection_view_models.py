"""What the console shows before and after something is done to several people."""

from collections.abc import Sequence
from dataclasses import dataclass

from authgate.web.console_view_models import ConsoleFrame
from authgate.web.user_view_models import GroupLink, UserLine


@dataclass(frozen=True, slots=True)
class UserSelectionPage:
    """``console/user_selection.html``. Posts ``act``, ``list``, ``sure``, ``group`` and the field
    of each."""

    frame: ConsoleFrame
    act: str
    action: str
    cancel_url: str
    list: str
    """Where to come back to."""
    users: Sequence[UserLine]
    groups: Sequence[GroupLink] = ()
    """Those that people may be added to; ``url`` is the id."""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """What came of it for one of them."""

    username: str
    outcome: str
    """``done``, ``unchanged`` or ``refused``."""
    fault: str


@dataclass(frozen=True, slots=True)
class UserOutcomesPage:
    """``console/user_outcomes.html``."""

    frame: ConsoleFrame
    act: str
    list_url: str
    back_url: str
    lines: Sequence[OutcomeLine]

    def count(self, outcome: str) -> int:
        """Of how many this came."""
        return sum(each.outcome == outcome for each in self.lines)
