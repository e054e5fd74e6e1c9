"""What is kept of one person, for them to take along: all that a tenant's file would hold of them,
without what only hashes or seals a secret.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.fields import BinaryField

from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.people.users import UserRow
from authgate.storage.portable.parts import EXPORTED, Part

MOST = 10_000
"""Rows of each table, the newest."""

_LOG = timedelta(days=90)
"""What somebody did before is in the log, and not looked for there: that would read all of it."""


async def kept_of(user_id: UUID, *, now: datetime) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """By table, what there is."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for part in EXPORTED:
        theirs = _theirs(part, user_id, now)
        if theirs is not None:
            rows = part.model.filter(theirs).order_by("-id").limit(MOST)
            found[part.table] = await rows.values(*_columns(part))
    return found


def _theirs(part: Part, user_id: UUID, now: datetime) -> Q | None:
    if part.model is UserRow:
        return Q(id=user_id)
    if part.model is AuditEvent:
        # What others did to them tells of the others.
        return Q(actor_id=str(user_id), actor_type="user", occurred_at__gt=now - _LOG)
    if "user_id" in _fields(part):
        return Q(user_id=user_id)
    return Q(owner_id=user_id) if "owner_id" in _fields(part) else None


def _columns(part: Part) -> list[str]:
    hidden = part.hidden | {"tenant_id"}
    fields = _fields(part).items()
    return [
        name for name, field in fields if name not in hidden and not isinstance(field, BinaryField)
    ]


def _fields(part: Part) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = part.model._meta.fields_map  # noqa: SLF001  # Tortoise offers no other way
    return fields
