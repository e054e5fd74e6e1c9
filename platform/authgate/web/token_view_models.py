"""What the console's list of tokens shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.vocabulary import TokenStatus
from authgate.web.console_view_models import ConsoleFrame, FilterLink
from authgate.web.usage_view_models import UsageChart


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list; of its text nothing is known."""

    action: str
    """Gets ``act`` (``disable``, ``enable`` or ``revoke``) and ``list``."""
    field: str
    """The name of the field that selects it."""
    client_name: str
    client_url: str | None
    """``None`` where the client is gone."""
    user: str
    """Empty where a machine acts for itself."""
    scope: str
    grant: str
    created_at: datetime
    expires_at: datetime
    status: TokenStatus
    ended: bool
    beyond_role: bool = False
    """Whether it lets its holder do what whoever looks may not do themselves."""


@dataclass(frozen=True, slots=True)
class TokensPage:
    """``console/tokens.html``. The form ``action`` is sent by GET with ``client``, ``user`` and
    what ``kept`` holds; ``selection_action`` gets ``list`` and the fields of the lines."""

    frame: ConsoleFrame
    action: str
    clear_url: str
    tokens: Sequence[TokenLine]
    client: str
    user: str
    unknown_user: bool
    """Whether nobody has the name that is looked for."""
    kept: Mapping[str, str]
    statuses: Sequence[FilterLink]
    kinds: Sequence[FilterLink]
    """Whom they speak for: ``user`` or ``client``."""
    sizes: Sequence[FilterLink]
    selection_action: str
    list: str
    """What is looked for, for the forms to come back to."""
    chart: UsageChart | None = None
    """``None`` where some of them are looked for."""
    next_url: str | None = None
    previous_url: str | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether not all are looked for."""
        return bool(self.client or self.user or self.kept.keys() - {"limit"})
