"""How much of what is counted happened within a while, by the audit log."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from tortoise import connections

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.metering import periods
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure
from authgate.storage.metering.usage_hours import Hours
from authgate_tenants import current_tenant

Counts = Mapping[Measure, Sequence[Count]]

_LONGEST_DETAIL: Final = 64

_HOURS = {
    "postgres": "to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')",
    "sqlite": "substr(occurred_at, 1, 13)",
}

_DETAILS = {
    "postgres": (
        "COALESCE(details->>'grant_type', details->>'connection', details->>'method', '')"
    ),
    "sqlite": (
        "COALESCE(json_extract(details, '$.grant_type'), json_extract(details, '$.connection'),"
        " json_extract(details, '$.method'), '')"
    ),
}


class Happened(NamedTuple):
    """What some events come to."""

    days: Counts
    hours: Hours


@dataclass(frozen=True, slots=True)
class Source:
    """Events that are counted in one go, and the column of the mark that says how far."""

    mark: str
    events: tuple[str, ...]
    measures: frozenset[Measure]


TOKENS = Source(
    "until",
    (
        "ACCESS_TOKEN_ISSUED",
        "CLIENT_CREDENTIALS_TOKEN_ISSUED",
        "TOKEN_EXCHANGED",
        "TOKEN_REFRESHED",
    ),
    frozenset({Measure.TOKENS}),
)
OTHERS = Source(
    "others_until",
    (
        "AUTHENTICATION_SUCCESS",
        "AUTHENTICATION_FAILURE",
        "OAUTH_AUTHENTICATION",
        "CLIENT_AUTHENTICATION_FAILURE",
        "RATE_LIMIT_EXCEEDED",
        "USER_CREATED",
        "CLIENT_CREATED",
        "CLIENT_REGISTERED",
    ),
    frozenset(
        {
            Measure.SIGN_INS,
            Measure.FAILURES,
            Measure.REFUSALS,
            Measure.NEW_USERS,
            Measure.NEW_CLIENTS,
        }
    ),
)
"""Apart from tokens: a version that counts those alone may add up beside this one."""

SOURCES = (TOKENS, OTHERS)


async def of(source: Source, begin: datetime, end: datetime) -> Happened:
    """What the current tenant's events of one day come to: of tokens by client as well."""
    dialect = connection.dialect()
    count = 3 + len(source.events)
    marks = ["?" if dialect == "sqlite" else f"${place}" for place in range(1, count + 1)]
    statement = (
        "SELECT client_id, event_type, success,"  # noqa: S608 - our own names
        " CASE event_type WHEN 'RATE_LIMIT_EXCEEDED' THEN resource_id"
        f" ELSE {_DETAILS[dialect]} END AS detail, {_HOURS[dialect]} AS hour, COUNT(*) AS found"
        f" FROM audit_events WHERE tenant_id = {marks[0]} AND occurred_at >= {marks[1]}"
        f" AND occurred_at < {marks[2]} AND event_type IN ({', '.join(marks[3:])})"
        " GROUP BY 1, 2, 3, 4, 5"
    )
    values = encoded((current_tenant().id, begin, end, *source.events), dialect)
    rows = await connections.get("default").execute_query_dict(statement, values)
    sums: dict[Measure, Counter[tuple[str, str]]] = {}
    hours: dict[Measure, Counter[datetime]] = {}
    for row in rows:
        kind = _kind(row["event_type"], row["detail"], success=bool(row["success"]))
        if kind is None:
            continue
        measure, detail = kind
        # Only of tokens: who fails may give any name for a client.
        clients = {row["client_id"], ALL_CLIENTS} if source is TOKENS else {ALL_CLIENTS}
        for client_id in clients:
            sums.setdefault(measure, Counter())[client_id, detail] += row["found"]
        hours.setdefault(measure, Counter())[_hour(row["hour"])] += row["found"]
    day = periods.today(begin)
    days = {
        measure: [Count(client_id, day, detail, total) for (client_id, detail), total in of.items()]
        for measure, of in sums.items()
    }
    return Happened(days, hours)


def _hour(told: str) -> datetime:
    return datetime.strptime(told, "%Y-%m-%d %H").replace(tzinfo=UTC)


def _kind(event: str, detail: str, *, success: bool) -> tuple[Measure, str] | None:
    """What an event counts as, and the detail of that."""
    match event:
        case "AUTHENTICATION_SUCCESS":
            # Operators of the installation are nobody's people.
            return None if detail == "operator" else (Measure.SIGN_INS, "password")
        case "AUTHENTICATION_FAILURE":
            return Measure.FAILURES, "password"
        case "OAUTH_AUTHENTICATION":
            measure = Measure.SIGN_INS if success else Measure.FAILURES
            return measure, f"connection:{detail}"[:_LONGEST_DETAIL]
        case "CLIENT_AUTHENTICATION_FAILURE":
            return Measure.FAILURES, "client"
        case "RATE_LIMIT_EXCEEDED":
            return Measure.REFUSALS, detail[:_LONGEST_DETAIL]
        case "USER_CREATED":
            return Measure.NEW_USERS, ""
        case "CLIENT_CREATED" | "CLIENT_REGISTERED":
            return Measure.NEW_CLIENTS, ""
        case _:
            return Measure.TOKENS, detail
