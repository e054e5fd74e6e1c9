"""What the console shows of files of the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class AuditExportLine:
    """A file: how far it has come, and what can be done with it."""

    link_action: str
    """Empty until it is whole."""
    delete_action: str
    state: str
    format: str
    chosen: Sequence[str]
    """Which events, in words of the log."""
    requested_by: str
    rows: int
    total: int | None
    percent: int
    megabytes: str
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuditExportFields:
    """What is in the form."""

    format: str = "csv"
    bom: bool = True
    since: str = ""
    to: str = ""
    type: str = ""
    severity: str = ""
    outcome: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class AuditExportsPage:
    """``console/audit_exports.html``. ``action`` gets the fields."""

    frame: ConsoleFrame
    exports: Sequence[AuditExportLine]
    action: str
    under_way: bool
    """Whether one is being written: nobody asks for another one meanwhile."""
    types: list[tuple[str, str]]
    severities: list[tuple[str, str]]
    live_url: str = ""
    """Where news come from, while one is being written."""
    fields: AuditExportFields = AuditExportFields()
    faults: Mapping[str, str] = field(default_factory=dict)
