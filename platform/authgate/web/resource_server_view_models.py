"""What the console shows of resource servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class ResourceServerFields:
    """What is in the form, as it was typed."""

    uri: str = ""


@dataclass(frozen=True, slots=True)
class ResourceServersPage:
    """``console/resource_servers.html``. Both actions get ``uri``."""

    frame: ConsoleFrame
    add_action: str
    remove_action: str
    uris: Sequence[str]
    fields: ResourceServerFields = ResourceServerFields()
    faults: Mapping[str, str] = field(default_factory=dict)
