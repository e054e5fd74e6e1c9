"""Events that wait for their seal, and the places in the log that they are given."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient

from authgate.storage import connection
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.leaves import COLUMNS, Sealable
from authgate.storage.database import StorageUnavailable
from authgate_tenants import current_tenant

_WAITING = (
    f"SELECT {', '.join(COLUMNS)} FROM audit_events"  # noqa: S608 - our own names
    " WHERE tenant_id = {tenant} AND seq IS NULL ORDER BY id LIMIT {limit}"
)
_LAST = (
    "SELECT seq FROM audit_events WHERE tenant_id = {tenant} AND seq IS NOT NULL"
    " ORDER BY seq DESC LIMIT 1"
)
_STORED = (
    "SELECT COALESCE((SELECT MAX(seq) FROM audit_events WHERE tenant_id = {tenant}"
    " AND seq IS NOT NULL), 0) + COUNT(*) AS many, COUNT(*) AS waiting, MAX(id) AS newest"
    " FROM (SELECT CAST(id AS TEXT) AS id FROM audit_events WHERE tenant_id = {tenant}"
    " AND seq IS NULL ORDER BY audit_events.id DESC LIMIT {limit}) AS unsealed"
)
_MANY = (
    "SELECT COUNT(*) AS waiting FROM (SELECT 1 FROM audit_events WHERE tenant_id = {tenant}"
    " AND seq IS NULL LIMIT {limit}) AS unsealed"
)
MOST_COUNTED = 100_000
"""Events that wait of which the number is told; there may be more."""

_COUNTED = 5000
"""Events that wait which are counted for that, at the most."""
_PLACED = {
    "postgres": (
        "UPDATE audit_events e SET seq = p.seq, salt = p.salt, commitment = p.commitment"
        " FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[])"
        " AS p (id, seq, salt, commitment)"
        " WHERE e.tenant_id = $1 AND e.id = p.id AND e.seq IS NULL"
    ),
    "sqlite": (
        "UPDATE audit_events SET seq = ?, salt = ?, commitment = ?"
        " WHERE tenant_id = ? AND id = ? AND seq IS NULL"
    ),
}


class Placed(NamedTuple):
    """An event with its place, and the commitment to what tells of a person."""

    id: str
    seq: int
    salt: bytes
    commitment: bytes


async def alone() -> bool:
    """Whether nobody else seals the current tenant's log; nobody begins to before the open unit of
    work ends."""
    if connection.dialect() == "sqlite":
        return True  # one writes at a time
    turn = hashlib.sha256(b"audit seals" + current_tenant().id.bytes).digest()[:8]
    rows = await _asked("SELECT pg_try_advisory_xact_lock({tenant}) AS alone", _number(turn))
    return bool(rows[0]["alone"])


async def waiting(*, limit: int) -> list[Sealable]:
    """The current tenant's events that wait, in the order of their ids."""
    rows = await _asked(_WAITING, *_given(current_tenant().id, limit))
    return [Sealable.of(tuple(row)) for row in rows]


async def count() -> int:
    """How many events of the current tenant's wait, as far as they are counted."""
    rows = await _asked(_MANY, *_given(current_tenant().id, MOST_COUNTED))
    return int(rows[0]["waiting"])


async def has_before(moment: datetime) -> bool:
    """Whether something waits at the current tenant that happened no later than this."""
    waiting = AuditEvent.filter(seq__isnull=True, occurred_at__lte=moment)
    return await waiting.exists()


async def last_place() -> int:
    """The last place in the current tenant's log that an event has."""
    rows = await _asked(_LAST, *_given(current_tenant().id))
    return int(rows[0]["seq"]) if rows else 0


async def stored() -> str:
    """How many events the current tenant has ever stored, read where the last of them are: other
    letters mean that there are more.

    Where very many wait for their seals it is the youngest of them besides: then one that is
    committed after younger ones is told of with the next.
    """
    [row] = await _asked(_STORED, *_given(current_tenant().id, _COUNTED))
    return f"{row['many']} {row['newest']}" if row["waiting"] == _COUNTED else str(row["many"])


async def place(placed: Sequence[Placed]) -> None:
    """Give events their places, with the open unit of work. Raises ``StorageUnavailable`` where
    somebody has done so meanwhile."""
    tenant_id, line = current_tenant().id, _line()
    statement = _PLACED[connection.dialect()]
    if connection.dialect() == "sqlite":
        values = [
            [each.seq, each.salt, each.commitment, str(tenant_id), each.id] for each in placed
        ]
        await line.execute_many(statement, values)
        return
    columns = [list(column) for column in zip(*placed, strict=True)]
    changed, _ = await line.execute_query(statement, [tenant_id, *columns])
    if changed != len(placed):
        raise StorageUnavailable("Events were sealed by somebody else.")


def _number(said: bytes) -> int:
    return int.from_bytes(said, "big", signed=True)


def _given(*values: Any) -> list[Any]:
    if connection.dialect() == "sqlite":
        return [str(each) if isinstance(each, UUID) else each for each in values]
    return list(values)


def _line() -> BaseDBAsyncClient:
    line: BaseDBAsyncClient = connections.get("default")
    return line


async def _asked(statement: str, *values: Any) -> Sequence[Any]:
    marks = ("?1", "?2") if connection.dialect() == "sqlite" else ("$1", "$2")
    _, rows = await _line().execute_query(
        statement.format(tenant=marks[0], limit=marks[1]), list(values)
    )
    return rows
