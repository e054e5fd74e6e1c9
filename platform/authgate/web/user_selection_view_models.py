"""What the console shows before and after something is done to several people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authgate.web.console_view_models import ConsoleFrame
from authgate.web.user_view_models import GroupLink, UserLine


@dataclass(frozen=True, slots=True)
class UserSelectionPage:
    """``console/user_selection.html``. Posts ``act``, ``list``, ``sure``, ``group`` and the field
    of each; where it is for everybody who was found ``all``, ``count`` and ``until`` instead."""

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
    everybody: int = 0
    """How many were found, where it is for all of them."""
    until: str = ""
    """When the last of them came."""

    @property
    def count(self) -> int:
        """How many it is for."""
        return self.everybody or len(self.users)


@dataclass(frozen=True, slots=True)
class GoOn:
    """What is sent for the rest of them."""

    action: str
    fields: Mapping[str, str]
    count: int
    """Of how many."""


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
    """All of them; of everybody who was found those who were refused now."""
    totals: Mapping[str, int] | None = None
    """By outcome, of how many so far, where it is for everybody who was found."""
    go_on: GoOn | None = None
    """``None`` where nobody is left."""
    is_cut: bool = False
    """Whether it ended before it was done to all: the group is gone."""

    def count(self, outcome: str) -> int:
        """Of how many this came."""
        if self.totals is not None:
            return self.totals.get(outcome, 0)
        return sum(each.outcome == outcome for each in self.lines)
