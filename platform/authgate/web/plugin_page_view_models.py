"""What the console shows of a page that a plugin declares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from authgate.plugin_api import ConsolePart
from authgate.web.console_view_models import ConsoleFrame
from authgate.web.plugin_view_models import PluginSettingField


class PageFault(StrEnum):
    """Why a page is not shown, or nothing was done."""

    FAILED = "failed"
    SLOW = "slow"
    RESTS = "rests"
    """It has failed too often in a row, and is left alone for a while."""
    WAITS = "waits"
    """Something has to be set for the plugin first."""


@dataclass(frozen=True, slots=True)
class PagePart:
    """A part of the page; ``fields`` are those of a form."""

    kind: str
    """``text``, ``notice``, ``figures``, ``facts``, ``table`` or ``form``."""
    part: ConsolePart
    fields: Sequence[PluginSettingField] = ()


@dataclass(frozen=True, slots=True)
class PluginConsolePage:
    """``console/plugin_page.html``. ``action`` gets a form's fields by their names, and ``action``,
    which says the form."""

    frame: ConsoleFrame
    plugin: str
    title: str
    url: str
    action: str
    prefix: str
    """Of the tenant's own addresses."""
    area: str
    parts: Sequence[PagePart]
    fault: PageFault | None = None
    settings_url: str = ""
    problem: str = ""
    """What is wrong with what was sent that no field is to blame for."""

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong, by the name of the field."""
        fields = [field for part in self.parts for field in part.fields]
        return {each.name: each.fault for each in fields if each.fault}
