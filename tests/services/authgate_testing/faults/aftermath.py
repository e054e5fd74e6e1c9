"""What is left to be done once the faults are over, and what became of everything."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import redis

from authgate import installation
from authgate.clock import utc_now
from authgate.jobs.celery_settings import KEY_PREFIX, QUEUE
from authgate.storage.metering import roll_up
from authgate.storage.metering.usage_days import ALL_CLIENTS, Measure
from authgate_tenants import use_tenant
from authgate_testing.faults.hurried import LEASE_SECONDS
from authgate_testing.processes import LOOPBACK
from authgate_testing.terminal import Terminal

if TYPE_CHECKING:
    from authgate_testing.faults.deployment import Deployment

SECONDS = 20.0
"""All that follows is done so soon once the faults are over."""

_LOOK_SECONDS = 0.2
_OFTEN = 5.0
"""Jobs of shorter periods are done again while somebody waits."""

_LEFT = {
    "events without a seal": "SELECT count(*) FROM audit_events WHERE seq IS NULL",
    "mails that wait": "SELECT count(*) FROM mails WHERE status = 'pending'",
    "logouts that wait": "SELECT count(*) FROM logout_deliveries WHERE status = 'pending'",
    "files that are not whole": (
        "SELECT string_agg(concat_ws(' ', state, rows, 'of', total, 'tried', attempts, 'since',"
        " now() - created_at, 'touched', now() - touched_at), ', ')"
        " FROM audit_exports WHERE state IN ('waiting', 'writing')"
    ),
    "jobs that are kept": "SELECT count(*) FROM kept_jobs WHERE state <> 'failed'",
    "accounts that are due": "SELECT count(*) FROM account_deletions WHERE due_at <= now()",
    "jobs that do not come again": (
        "SELECT count(*) FROM periodic_jobs WHERE seconds <= {often}"
        " AND (succeeded_at IS NULL OR succeeded_at < {since})"
    ),
    "leases of nobody": (
        "SELECT count(*) FROM periodic_jobs WHERE until < extract(epoch FROM clock_timestamp())"
    ),
    "locks": (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    ),
    "transactions that nobody ends": (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%' AND state_change < now() - interval '5 seconds'"
    ),
}
_GIVEN_UP = {
    "mails": "SELECT count(*) FROM mails WHERE status = 'failed'",
    "logouts": "SELECT count(*) FROM logout_deliveries WHERE status = 'failed'",
    "files": "SELECT count(*) FROM audit_exports WHERE state = 'failed'",
    "jobs": "SELECT count(*) FROM kept_jobs WHERE state = 'failed'",
}
_LOG = (
    "SELECT tenant_id::text, id::text, event_type, resource_id, occurred_at, seq"
    " FROM audit_events ORDER BY occurred_at, id"
)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log."""

    id: str
    kind: str
    resource_id: str
    occurred_at: datetime
    seq: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What is counted of a tenant, by slug."""

    tokens: Mapping[str, int]
    calls: Mapping[str, int]


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """What became of everything."""

    left: Mapping[str, str] = field(default_factory=dict)
    """What was not done in time, and how much of it."""
    given_up: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """Until all was done."""
    unsound: str = ""
    """What ``authgate audit verify`` found."""
    logs: Mapping[str, Sequence[Logged]] = field(default_factory=dict)
    """By tenant, as events happened."""
    mails: Sequence[tuple[str, str]] = ()
    """Of each stored mail for whom it is, and what for."""
    arrived: Sequence[tuple[str, str]] = ()
    """Of each that arrived for whom it was, and its ``Message-ID``."""
    told: frozenset[str] = frozenset()
    """Sessions of which their clients were told that they are over."""
    remaining: frozenset[str] = frozenset()
    """People who are there."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """Stored ones, by tenant."""
    used: Usage = Usage({}, {})
    used_before: Usage = Usage({}, {})


async def usage(deployment: "Deployment") -> Usage:
    """What is counted by now."""
    tokens, calls = {}, {}
    async with installation.opened(deployment.settings) as parts:
        for household in deployment.site.households:
            tenant = await parts.resolver.find(household.slug)
            assert tenant is not None
            with use_tenant(tenant):
                tokens[household.slug] = await _counted(Measure.TOKENS, ALL_CLIENTS)
                calls[household.slug] = await _counted(Measure.API_CALLS, household.clerk[0])
    return Usage(tokens, calls)


async def _counted(measure: Measure, client_id: str) -> int:
    used = await roll_up.by_day(
        {measure}, since=date(2020, 1, 1), client_id=client_id, now=utc_now()
    )
    return sum(each.total for each in used.of(measure).counts)


async def seen(deployment: "Deployment", *, before: Usage, within: float = SECONDS) -> Aftermath:
    """Wait until all is done, for as long as that may take, and look."""
    site = deployment.site
    connection = await asyncpg.connect(site.server.superuser_dsn(deployment.database))
    try:
        found = Aftermath(used_before=before)
        found.left, found.seconds = await _done(connection, site.redis.port, within)
        found.given_up = await _more_than_none(connection, _GIVEN_UP)
        found.unsound = await _verified(deployment)
        found.mails = [
            (str(row[0]), str(row[1]))
            for row in await connection.fetch("SELECT recipient, purpose FROM mails")
        ]
        found.arrived, found.told = site.outside.mails(), frozenset(site.outside.sessions())
        users = await connection.fetch("SELECT id::text FROM users")
        found.remaining = frozenset(str(row[0]) for row in users)
        stored = await connection.fetch("SELECT tenant_id::text FROM tokens")
        found.tokens = Counter(str(row[0]) for row in stored)
        found.used = await usage(deployment)
        found.logs = _by_tenant(await connection.fetch(_LOG))
    finally:
        await connection.close()
    return found


def _by_tenant(rows: Sequence[Any]) -> Mapping[str, Sequence[Logged]]:
    logs: dict[str, list[Logged]] = {}
    for tenant_id, *row in rows:
        logs.setdefault(tenant_id, []).append(Logged(*row))
    return logs


async def _done(
    connection: asyncpg.Connection, broker: int, within: float
) -> tuple[Mapping[str, str], float]:
    began = time.monotonic()
    since = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    asked = {what: statement.format(often=_OFTEN, since=since) for what, statement in _LEFT.items()}
    while True:
        left = await _more_than_none(connection, asked) | _waiting(broker)
        seconds = time.monotonic() - began
        if not left or seconds > within:
            return left, seconds
        await asyncio.sleep(_LOOK_SECONDS)


async def _more_than_none(
    connection: asyncpg.Connection, asked: Mapping[str, str]
) -> dict[str, str]:
    told = {what: await connection.fetchval(statement) for what, statement in asked.items()}
    return {what: str(said) for what, said in told.items() if said}


def _waiting(broker: int) -> dict[str, str]:
    """Jobs that nobody takes from the broker, or that nobody gives back to it."""
    with redis.Redis(LOOPBACK, broker) as line:
        queued = line.llen(f"{KEY_PREFIX}{QUEUE}")
        long_ago = time.time() - 4 * LEASE_SECONDS
        taken = line.zcount(f"{KEY_PREFIX}unacked_index", "-inf", long_ago)
    counts = {"jobs at the broker": queued, "jobs that nobody gives back": taken}
    return {what: str(count) for what, count in counts.items() if count}


async def _verified(deployment: "Deployment") -> str:
    ended = await Terminal(deployment.settings)("audit", "verify", "--output", "json")
    return "" if ended.code == 0 else f"{ended.out}{ended.err}"


def told(content: str) -> list[dict[str, Any]]:
    """The lines of a file of the log."""
    return [orjson.loads(line) for line in content.splitlines()]
