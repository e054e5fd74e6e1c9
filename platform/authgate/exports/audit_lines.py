"""An event of the audit log as a line of a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.exports import LogFormat
from authgate.web import csv_table

COLUMNS = (
    "id",
    "occurred_at",
    "event_type",
    "severity",
    "success",
    "actor_type",
    "actor_id",
    "actor_name",
    "client_id",
    "resource_type",
    "resource_id",
    "ip",
    "user_agent",
    "request_id",
    "session_id",
    "details",
    "seq",
    "salt",
    "commitment",
)
"""Of a table: details are one cell, as JSON."""


def head(form: LogFormat, *, bom: bool) -> bytes:
    """What a file begins with."""
    if form is LogFormat.JSONL:
        return b""
    return ((csv_table.BOM if bom else "") + csv_table.line(COLUMNS)).encode()


def lines(form: LogFormat, events: Sequence[AuditEvent]) -> bytes:
    """These events, whole lines."""
    if form is LogFormat.JSONL:
        return b"".join(_json(told(each)) for each in events)
    return csv_table.lines(map(_cells, events)).encode("utf-8", "backslashreplace")


def told(event: AuditEvent) -> Mapping[str, Any]:
    """An event as the API tells it, with its place in the log and what its seal is checked by."""
    return {
        "id": str(event.id),
        "occurred_at": event.occurred_at,
        "event_type": event.event_type,
        "severity": event.severity,
        "success": event.success,
        "actor": {"type": event.actor_type, "id": event.actor_id, "name": event.actor_name},
        "client_id": event.client_id,
        "resource": {"type": event.resource_type, "id": event.resource_id},
        "ip": event.ip,
        "user_agent": event.user_agent,
        "request_id": event.request_id,
        "session_id": event.session_id,
        "details": event.details,
        "seq": event.seq,
        "salt": _hex(event.salt),
        "commitment": _hex(event.commitment),
    }


def _json(record: Mapping[str, Any]) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _cells(event: AuditEvent) -> Sequence[object]:
    return [_cell(getattr(event, name)) for name in COLUMNS]


def _cell(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dict():
            return csv_table.json(orjson.dumps(value).decode()) if value else ""
        case bytes():
            return value.hex()
        case _:
            return value


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
