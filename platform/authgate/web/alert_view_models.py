"""What the console shows of alerts, and of what to do about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert in the list."""

    title: str
    subject: str
    severity: str
    state: str
    events: int
    last_at: datetime
    raised_at: datetime
    decided_by: str
    facts: Sequence[tuple[str, str]]
    """More of it, by the words of the rule."""
    respond_url: str
    event_url: str
    acknowledge_action: str
    """Empty where it is not to be decided, or not by whoever looks."""
    close_action: str


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """``console/alerts.html``."""

    frame: ConsoleFrame
    alerts: Sequence[AlertLine]
    states: Sequence[tuple[str, str, bool]]
    """To look at alone: which, where, and whether it is."""
    rules_url: str
    next_url: str | None
    previous_url: str | None


@dataclass(frozen=True, slots=True)
class AlertRuleLine:
    """A rule in the form."""

    name: str
    title: str
    severity: str
    is_on: bool
    choice: str
    """How many within how long, as it is typed."""
    default: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class AlertRulesPage:
    """``console/alert_rules.html``. ``action`` gets a box and a text for each rule."""

    frame: ConsoleFrame
    rules: Sequence[AlertRuleLine]
    list_url: str
    mail_url: str
    """Where it is chosen who is written to; empty for whoever may not see it."""
    action: str
    """Empty for whoever may not change it."""
    has_places: bool
    """Whether there is a file of places."""
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseLine:
    """Something that can be done at once."""

    name: str
    action: str
    value: str
    """To what it is done."""
    command: str
    """The same, where there is no browser."""


@dataclass(frozen=True, slots=True)
class RespondPage:
    """``console/respond.html``. Each action gets ``value``, and ``sure`` where it is ticked."""

    frame: ConsoleFrame
    list_url: str
    here: str
    user: str
    user_url: str
    address: str
    client: str
    client_url: str
    lines: Sequence[ResponseLine]
    events_url: str
    keys_url: str
    fault: str = ""
    unknown: bool = False
    """Whether somebody was named whom there is not."""
