"""What the console shows of the plugins that may run for a tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authgate.web.connection_view_models import TestedStep
from authgate.web.console_view_models import ConsoleFrame


class PluginState(StrEnum):
    """How a plugin is."""

    RUNS = "runs"
    FAILS = "fails"
    """It has failed within the last hour."""
    RESTS = "rests"
    """It has failed too often in a row, and is left alone for a while."""
    WAITS = "waits"
    """Something has to be set first."""
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class PluginLine:
    """A plugin in the list."""

    name: str
    url: str
    hooks: Sequence[str]
    """Where it takes part."""
    state: PluginState


@dataclass(frozen=True, slots=True)
class PluginsPage:
    """``console/plugins.html``."""

    frame: ConsoleFrame
    plugins: Sequence[PluginLine]


@dataclass(frozen=True, slots=True)
class PluginSettingField:
    """A setting in the form; of a secret never what it is."""

    name: str
    """As the form sends it."""
    label: str
    hint: str
    kind: str
    """``text``, ``number``, ``switch``, ``list`` or ``secret``."""
    required: bool
    text: str = ""
    ticked: bool = False
    """Of a switch whether it is on, of a secret whether one is kept."""
    may_be_forgotten: bool = False
    """Whether a secret is kept that need not be: ``forget-`` with its name takes it away."""
    may_be_made: bool = False
    """Whether a secret may be made rather than typed: by ``make-`` with its name."""
    fault: str = ""
    stays: bool = True
    """Whether it is kept, and not only handed on."""


@dataclass(frozen=True, slots=True)
class FailureLine:
    """How a plugin has failed last."""

    call: str
    outcome: str
    fault: str
    failures: int
    failed_at: datetime
    paused_until: datetime | None
    """Where that is still to come."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """How far a plugin was told of what has happened."""

    waiting_since: datetime | None
    """When the oldest event happened that waits for it."""
    next_at: datetime | None
    """When it is told again, after a failure."""
    waiting: int = 0
    """How many events wait for it."""
    and_more: bool = False
    """Whether that is where counting ends."""


@dataclass(frozen=True, slots=True)
class PluginPage:
    """``console/plugin.html``. ``action`` gets the fields by their names, and of each switch
    ``asked-`` with its name; ``pause_action`` gets ``paused``."""

    frame: ConsoleFrame
    name: str
    list_url: str
    action: str
    pause_action: str
    reset_action: str
    test_action: str
    hooks: Sequence[str]
    state: PluginState
    fields: Sequence[PluginSettingField]
    is_set: bool
    """Whether anything was set that can be forgotten."""
    failure: FailureLine | None = None
    feed: FeedLine | None = None
    """Where it is told at all."""
    problem: str = ""
    """What is wrong that no field is to blame for."""
    steps: Sequence[TestedStep] = ()
    """What was found just now, where somebody has had it tested."""
    made: Sequence[tuple[str, str]] = ()
    """Secrets that were made just now, each with what it is called: shown this once."""

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong, by the name of the field."""
        return {each.name: each.fault for each in self.fields if each.fault}
