"""What the console shows of files that hold all of a tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A file: how far it has come, and where it is."""

    file_url: str
    """Empty until it is whole."""
    state: str
    signing_keys: bool
    requested_by: str
    rows: int
    megabytes: str
    sha256: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExportFields:
    """What is in the form. It is never shown again."""

    passphrase: str = ""


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """``console/exports.html``. ``action`` gets ``passphrase`` and ``signing_keys``."""

    frame: ConsoleFrame
    exports: Sequence[ExportLine]
    action: str
    under_way: bool
    """Whether one is being written."""
    live_url: str = ""
    """Where news come from, while one is."""
    fields: ExportFields = ExportFields()
    faults: Mapping[str, str] = field(default_factory=dict)
