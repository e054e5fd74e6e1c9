"""What the operators' pages about plans show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in the list; ``None`` is as much as a tenant wants."""

    name: str
    url: str
    is_built_in: bool
    """And as it was built in."""
    clients: int | None
    users: int | None
    groups: int | None
    monthly_active_users: int | None
    limits: int
    """Limits that differ from the installation's."""


@dataclass(frozen=True, slots=True)
class PlansPage:
    """``operator/plans.html``."""

    frame: ConsoleFrame
    plans: Sequence[PlanLine]
    new_url: str


@dataclass(frozen=True, slots=True)
class PlanFields:
    """What is in the fields of the form for a plan, as it was typed."""

    name: str = ""
    clients: str = ""
    users: str = ""
    groups: str = ""
    monthly_active_users: str = ""
    refused: bool = False
    longest_access_token: str = ""
    longest_refresh_token: str = ""
    longest_session: str = ""
    limits: str = ""


@dataclass(frozen=True, slots=True)
class PlanPage:
    """``operator/plan.html``. Posts ``PlanFields``."""

    frame: ConsoleFrame
    name: str
    """Empty for a new one."""
    is_built_in: bool
    is_changed: bool
    """Whether there is something to remove."""
    seen: str
    action: str
    remove_action: str
    back_url: str
    fields: PlanFields = PlanFields()
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
