"""Events of the audit log in the words of others, for whoever hands them on.

``plain`` is what they are here, ``ecs`` the Elastic Common Schema, ``ocsf`` the Open Cybersecurity
Schema Framework. Fields are added to each, and none goes away.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import StrEnum

from authgate.plugin_api.config import ConnectorConfigError
from authgate.plugin_api.events import AuditEvent
from authgate.plugin_api.formats.ecs import as_ecs
from authgate.plugin_api.formats.ocsf import as_ocsf


class EventFormat(StrEnum):
    """What an event may be written as."""

    PLAIN = "plain"
    ECS = "ecs"
    OCSF = "ocsf"


def check_format(field: str, value: str) -> None:
    """Raises ``ConnectorConfigError`` where there is no format of this name."""
    if value not in set(EventFormat):
        raise ConnectorConfigError(field, "must be plain, ecs or ocsf")


def formatted(event: AuditEvent, form: str = EventFormat.PLAIN) -> dict[str, object]:
    """The event in this format: what JSON can carry."""
    return _FORMATS[EventFormat(form)](event)


def as_json(event: AuditEvent, form: str = EventFormat.PLAIN) -> bytes:
    """The same as one line of JSON, in ASCII alone and without the end of the line."""
    return json.dumps(formatted(event, form), separators=(",", ":")).encode("ascii")


def as_plain(event: AuditEvent) -> dict[str, object]:
    """By the names that ``AuditEvent`` has."""
    return asdict(event) | {"occurred_at": event.occurred_at.isoformat()}


_FORMATS: Mapping[EventFormat, Callable[[AuditEvent], dict[str, object]]] = {
    EventFormat.PLAIN: as_plain,
    EventFormat.ECS: as_ecs,
    EventFormat.OCSF: as_ocsf,
}
