"""What was used and is not added up yet: a row for each, stored together with what it counts.

Whoever adds up takes the rows out and adds them to the sums in one transaction, so each is in one
of the two places, whatever breaks off. Unlike events they are taken whenever they were stored: no
clock has a say in whether they count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from tortoise import connections, fields
from uuid_utils import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import Row, Table, encoded
from authgate.storage.clients import ids
from authgate.storage.metering import periods
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure
from authgate_tenants import TenantOwned, current_tenant

_TABLE = Table("usage_entries", ("id", "tenant_id", "measure", "client_id", "day", "detail"))

_KNOWN: Final = ", ".join(f"'{each.value}'" for each in Measure)
"""What a newer version beside this one counts besides is left to it."""

_TAKE: Final = (
    "DELETE FROM usage_entries WHERE id IN (SELECT id FROM usage_entries"  # noqa: S608 - our own names
    f" WHERE tenant_id = {{0}} AND measure IN ({_KNOWN}) ORDER BY id LIMIT {{1}})"
    " RETURNING measure, client_id, day, detail"
)
_MARKS = {"postgres": ("$1", "$2"), "sqlite": ("?", "?")}


class UsageEntry(TenantOwned):
    """One of something that is counted."""

    measure = fields.CharEnumField(Measure, max_length=16)
    client_id = fields.CharField(ids.LONGEST, default=ALL_CLIENTS)
    day = fields.DateField()
    detail = fields.CharField(64, default="")

    class Meta:
        table = "usage_entries"
        indexes = (("tenant_id", "id"),)


async def note(
    measure: Measure, *, now: datetime, client_id: str = ALL_CLIENTS, detail: str = ""
) -> None:
    """Count one, on this day (UTC): with the open unit of work, or durably by itself."""
    day = periods.today(now)
    values = (str(uuid7()), current_tenant().id, measure.value, client_id, day, detail)
    await connection.append(Row(_TABLE, values))


async def take(most: int) -> tuple[int, Mapping[Measure, Sequence[Count]]]:
    """Take the oldest of the current tenant's out, with the open unit of work: how many they were,
    and what they come to."""
    dialect = connection.dialect()
    statement = _TAKE.format(*_MARKS[dialect])
    values = encoded((current_tenant().id, most), dialect)
    rows = await connections.get("default").execute_query_dict(statement, values)
    sums: dict[Measure, Counter[tuple[str, date, str]]] = {}
    for row in rows:
        day = row["day"] if isinstance(row["day"], date) else date.fromisoformat(row["day"])
        found = sums.setdefault(Measure(row["measure"]), Counter())
        for client_id in {row["client_id"], ALL_CLIENTS}:
            found[client_id, day, row["detail"]] += 1
    return len(rows), {
        measure: [Count(*key, total) for key, total in found.items()]
        for measure, found in sums.items()
    }
