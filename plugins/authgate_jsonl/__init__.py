"""Keep each tenant's audit log in files as well, a line of JSON for each event."""

from collections.abc import Sequence

from authgate.plugin_api import AuditEvent, hookimpl
from authgate_jsonl.files import append

plugin_api_version = "1.3"


@hookimpl
def audit_events(events: Sequence[AuditEvent]) -> None:
    """Write them, and return once they are on the disk."""
    append(events)
