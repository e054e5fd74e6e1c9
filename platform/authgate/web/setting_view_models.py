"""What the console shows of what a tenant chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from authgate.web.console_view_models import ConsoleFrame


class FieldKind(StrEnum):
    """How a setting is asked for."""

    SWITCH = "switch"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    LINES = "lines"
    """Several: one in each line. Of names with values, the name and its value in one."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting in a form, as it is or as it was typed."""

    name: str
    kind: FieldKind
    text: str = ""
    ticked: bool = False
    choices: Sequence[str] = ()
    fault: str = ""
    changed: bool = False
    """Whether it is another than what a tenant begins with."""


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A group of settings."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """``console/settings.html``. Posts the fields by their names, ``comment`` and ``version``."""

    frame: ConsoleFrame
    action: str
    groups: Sequence[GroupLink]
    history_url: str
    group: str
    fields: Sequence[SettingField]
    version: int
    """Which version that is."""
    locked: bool = False
    """Whether the operator of the installation decides about these."""
    comment: str = ""
    changed_meanwhile: bool = False

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong, by the name of the field."""
        return {each.name: each.fault for each in self.fields if each.fault}


@dataclass(frozen=True, slots=True)
class Swatch:
    """A colour that the pages make of the tenant's, and how far it stands off its ground."""

    name: str
    color: str
    contrast: str
    """Such as ``5.2``: of what is read at least 4.5, of edges at least 3."""
    moved: bool
    """Whether it is not the colour that was given, which would not be read well."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A page as it would be, in a frame."""

    name: str
    url: str
    language: str = ""
    """As its readers call it, where it is not the first one."""


@dataclass(frozen=True, slots=True)
class BrandingPage:
    """``console/branding.html``. Posts the fields by their names, ``comment`` and ``version`` to
    ``action``; to ``preview_action`` what is only to be looked at. ``logo_action`` gets the file
    ``picture``."""

    frame: ConsoleFrame
    action: str
    preview_action: str
    logo_action: str
    history_url: str
    fields: Sequence[SettingField]
    version: int
    swatches: Sequence[Swatch]
    previews: Sequence[Preview]
    logo_url: str = ""
    logo_fault: str = ""
    comment: str = ""
    changed_meanwhile: bool = False

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong, by the name of the field."""
        found = {each.name: each.fault for each in self.fields if each.fault}
        return found | ({"picture": self.logo_fault} if self.logo_fault else {})


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in a list."""

    url: str
    number: int
    by: str
    at: datetime
    comment: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """``console/settings_history.html``."""

    frame: ConsoleFrame
    settings_url: str
    versions: Sequence[VersionRow]
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A setting that is another one, and what it was."""

    setting: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionPage:
    """``console/settings_version.html``. ``restore_action`` gets ``version``: the one in force."""

    frame: ConsoleFrame
    history_url: str
    restore_action: str
    row: VersionRow
    in_force: int
    changes: Sequence[DifferenceLine] = field(default_factory=tuple)
    """What it changed."""
    against_now: Sequence[DifferenceLine] = field(default_factory=tuple)
    """What would change if it were restored."""
    fault: str = ""
