"""The audit log: rows that are added, sealed soon afterwards, and never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.expressions import Q

from authgate.storage import connection
from authgate.storage.batches.append_log import Row, Table
from authgate.storage.clients import ids
from authgate_tenants import TenantOwned, current_tenant

BEFORE_ALL: Final = -(2**63)
"""A place before any."""


class AuditEvent(TenantOwned):
    """Something that happened, to whom, by whom, and from where."""

    event_type = fields.CharField(64)
    severity = fields.CharField(16)
    occurred_at = fields.DatetimeField()
    success = fields.BooleanField()
    actor_type = fields.CharField(16)
    actor_id = fields.CharField(128, default="")
    actor_name = fields.CharField(128, default="")
    client_id = fields.CharField(ids.LONGEST, default="")
    resource_type = fields.CharField(32, default="")
    resource_id = fields.CharField(128, default="")
    ip = fields.CharField(45, default="")
    user_agent = fields.CharField(512, default="")
    request_id = fields.CharField(64, default="")
    session_id = fields.CharField(36, default="", db_default="")
    """Of the browser's session, where it is known. Its cookie holds another secret."""
    details: dict[str, Any] = fields.JSONField(default=dict)
    seq = fields.BigIntField(null=True)
    """Its place in the log; nothing until it is sealed."""
    salt = fields.BinaryField(null=True)
    """Of the commitment, until what tells of a person is erased."""
    commitment = fields.BinaryField(null=True)
    """To what tells of a person."""
    erased_at = fields.DatetimeField(null=True)
    """When that was emptied."""

    class Meta:
        table = "audit_events"
        indexes = (("tenant_id", "occurred_at"),)


class NewEvent(NamedTuple):
    """An event before it is stored; the columns of its row, in their order."""

    id: str
    """A UUID as text: quicker to make, and both databases take it."""
    event_type: str
    severity: str
    occurred_at: datetime
    success: bool
    actor_type: str
    actor_id: str
    actor_name: str
    client_id: str
    resource_type: str
    resource_id: str
    ip: str
    user_agent: str
    request_id: str
    session_id: str
    details: dict[str, Any]


_TABLE = Table("audit_events", ("tenant_id", *NewEvent._fields))


def row(event: NewEvent) -> Row:
    """The row of an event of the current tenant."""
    return Row(_TABLE, (current_tenant().id, *event[:-1], orjson.dumps(event.details).decode()))


async def append(*events: NewEvent) -> None:
    """Store events: with the open unit of work, or durably by themselves."""
    await connection.append(*(row(event) for event in events))


async def latest(*, limit: int, after: UUID | None = None) -> list[AuditEvent]:
    """The newest events, oldest of them first; only those stored after one, if it is given."""
    events = AuditEvent.all()
    if after is not None:
        events = events.filter(id__gt=after)
    return list(reversed(await events.order_by("-id").limit(limit)))


async def of_type(event_type: str) -> list[AuditEvent]:
    """All events of a rare type."""
    return await AuditEvent.filter(event_type=event_type)


async def newest_of_type(
    event_type: str, *, skipped: int, limit: int, behind: int = BEFORE_ALL
) -> Sequence[tuple[Any, int | None]]:
    """The details and places of the newest events of a rare type, after so many that are newer
    still: of those that have their places behind this one, or none yet."""
    there = Q(seq__isnull=True) | Q(seq__gt=behind)
    events = AuditEvent.filter(there, event_type=event_type).order_by("-occurred_at", "-id")
    found = await events.offset(skipped).limit(limit).only("details", "seq")
    return [(each.details, each.seq) for each in found]
