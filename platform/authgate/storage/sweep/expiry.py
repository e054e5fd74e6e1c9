"""Removing rows whose time is over, whoever's they are.

The one place that looks across tenants. On PostgreSQL it does so as the sweep role, to which the
database shows expired rows only, so a wrong clock here removes nothing that still counts.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.postgres.policies import SHOWN
from authgate.storage.sqlite.line import connected
from authgate.storage.sweep.line import sweep_line

_TURN = 0x73776565  # any number, the same for everybody who sweeps
_SHARE = 5
"""One part of so many is for this; the rest belongs to those who are waiting for an answer."""
_SHORTEST_PAUSE = 0.01
"""So that what a transaction costs besides is spread out, too."""
_LONGEST_PAUSE = 0.1
_BATCH_SECONDS = 0.002
"""Whoever comes in the middle of one waits for less than anybody notices: SQLite has one writer at
a time, and a database that is busy takes longer."""
_FEWEST_ON_POSTGRES = 200
_FEWEST_ON_SQLITE = 50
"""However busy: so many at once are still more, in a second, than all servers issue."""
_CLIENTS_AT_ONCE = 20
"""A client may take a second, and what is left of those that are gone is told to nobody twice."""
_PLACE = "ctid"
"""Where PostgreSQL has a row: to find each once more by its id costs three times the rest."""
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one table: which are over, and how long they are kept nevertheless."""

    table: str
    ended: str
    kept: timedelta
    also: str = ""
    outlived: bool = False
    """Whether a client goes, of which more may be left in other tables."""

    @property
    def asks_now(self) -> bool:
        """Whether what else has to be so depends on the time."""
        return "{now}" in self.also

    def statement(self, key: str, since: str, cut: str, limit: str, now: str) -> str:
        """Delete the oldest ones that ended *since* then, found again by *key*, and tell when;
        the other arguments are the marks of the parameters."""
        over = f"{self.ended} < {cut}{self.also.format(now=now)}"
        oldest = (
            f"SELECT {key} FROM {self.table} WHERE {self.ended} >= {since} AND {over}"  # noqa: S608 - our own names
            f" ORDER BY {self.ended} LIMIT {limit}"
        )
        among = f"= ANY (ARRAY({oldest}))" if key == _PLACE else f"IN ({oldest})"
        # Asked twice: meanwhile somebody may have put it off.
        return (
            f"DELETE FROM {self.table} WHERE {key} {among} AND {over}"  # noqa: S608 - as above
            f" RETURNING {self.ended}{', tenant_id, client_id' if self.outlived else ''}"
        )

    def overdue(self, cut: str, now: str) -> str:
        """Find one of them; the arguments as above."""
        return (
            f"SELECT 1 AS found FROM {self.table}"  # noqa: S608 - our own names
            f" WHERE {self.ended} < {cut}{self.also.format(now=now)} LIMIT 1"
        )


KINDS = (
    # A device that polls late still hears that its code has expired (RFC 8628 section 3.5).
    Kind("device_codes", "expires_at", kept=timedelta(hours=1)),
    Kind("authorization_requests", "expires_at", kept=timedelta(minutes=5)),
    # For a day a code that comes back still ends what it has yielded.
    Kind("authorization_codes", "expires_at", kept=timedelta(days=1)),
    # Servers' clocks differ a little: what is valid on one is not to be unknown to another.
    Kind("refresh_tokens", "ends_at", kept=timedelta(minutes=5)),
    # Only of a client that registered itself, and each use puts it off.
    Kind("clients", "expires_at", kept=timedelta(minutes=5), outlived=True),
    Kind("initial_access_tokens", "expires_at", kept=timedelta(minutes=5)),
    Kind("scim_tokens", "expires_at", kept=timedelta(minutes=5)),
    Kind("spent_jtis", "expires_at", kept=timedelta(minutes=5)),
    Kind("idempotent_requests", "expires_at", kept=timedelta(minutes=5)),
    Kind("browser_sessions", "expires_at", kept=timedelta(minutes=5)),
    Kind("session_clients", "expires_at", kept=timedelta(minutes=5)),
    Kind("remembered_devices", "expires_at", kept=timedelta(minutes=5)),
    Kind("logout_deliveries", "expires_at", kept=timedelta(0)),
    Kind("active_users", "expires_at", kept=timedelta(0)),
    Kind("usage_hours", "expires_at", kept=timedelta(0)),
    Kind("tenant_export_pieces", "expires_at", kept=timedelta(0)),
    Kind("tenant_exports", "expires_at", kept=timedelta(0)),
    Kind("audit_exports", "expires_at", kept=timedelta(0)),
    Kind("alerts", "expires_at", kept=timedelta(0)),
    Kind("tenant_import_pieces", "expires_at", kept=timedelta(0)),
    Kind("tenant_imports", "expires_at", kept=timedelta(0)),
    Kind("user_import_lines", "expires_at", kept=timedelta(0)),
    Kind("user_imports", "expires_at", kept=timedelta(0)),
    Kind("kept_jobs", "expires_at", kept=timedelta(0)),
    Kind("mails", "expires_at", kept=timedelta(0)),
    # What waits for one that is left alone does so until somebody resumes or removes it.
    Kind("webhook_deliveries", "expires_at", kept=timedelta(0), also=" AND status <> 'pending'"),
    Kind("mailed_links", "expires_at", kept=timedelta(0)),
    Kind("sign_ups", "expires_at", kept=timedelta(0)),
    Kind("invitations", "expires_at", kept=timedelta(0)),
    Kind("tokens", "expires_at", kept=timedelta(minutes=5)),
    Kind("impersonations", "ends_at", kept=timedelta(days=90)),
    # The log has them for as long as it has anything.
    Kind("operator_accesses", "ends_at", kept=timedelta(days=90)),
    # An account that only an administrator may open stays closed.
    Kind(
        "login_failures",
        "last_attempt_at",
        kept=timedelta(days=30),
        also=" AND (locked_until IS NULL OR locked_until < {now})",
    ),
)


class GoneClient(NamedTuple):
    """A client whose time was over."""

    tenant_id: UUID
    client_id: str


EndTheRest = Callable[[GoneClient], Awaitable[None]]
"""Ends what is left of a client, which this role does not see: that has no end of its own."""


class _Batch(NamedTuple):
    """What was deleted."""

    rows: int
    newest: Any
    """When the last of them ended, as the database has it."""
    seconds: float
    """What the statement took. To wait for the disk after it costs nobody anything."""
    clients: Sequence[GoneClient] = ()


@dataclass(slots=True)
class _Progress:
    """How far a run has come with one kind."""

    kind: Kind
    fewest: int
    most: int
    limit: int
    since: Any = _EVER
    """PostgreSQL would step over all that this run has deleted, until it is vacuumed."""

    @classmethod
    def begun(cls, kind: Kind, batch: int, *, fewest: int) -> Self:
        most = min(batch, _CLIENTS_AT_ONCE) if kind.outlived else batch
        return cls(kind, min(most, fewest), most, min(most, fewest))

    def go_on(self, gone: _Batch) -> None:
        """Take as many the next time as are removed before anybody notices that they wait."""
        fitting = int(self.limit * _BATCH_SECONDS / max(gone.seconds, 0.0001))
        self.since, self.limit = gone.newest, max(self.fewest, min(self.most, fitting))


_Remove = Callable[[Kind, Any, int], Awaitable[_Batch]]
"""Deletes so many that ended since then."""


async def _nothing(_gone: GoneClient) -> None: ...


class _AnotherSweeps(Exception):
    """Another process is doing this right now."""


async def remove_expired(
    settings: DatabaseSettings,
    *,
    batch: int,
    now: datetime,
    seconds: float = 60.0,
    end_the_rest: EndTheRest = _nothing,
) -> dict[str, int]:
    """Remove what is over, for so many seconds at most, and answer how many rows of each table
    that was.

    Each batch is a transaction of its own. Several processes may call this at once: on PostgreSQL
    one of them does it, the others answer early.
    """
    removed = {kind.table: 0 for kind in KINDS}
    # In any order: runs without much time would else never come to the last ones.
    fewest = _FEWEST_ON_SQLITE if settings.is_sqlite else _FEWEST_ON_POSTGRES
    kinds = random.sample(KINDS, len(KINDS))
    waiting = deque(_Progress.begun(each, batch, fewest=fewest) for each in kinds)
    try:
        async with _sweeping(settings, now) as remove:
            end = time.monotonic() + seconds
            while waiting and time.monotonic() < end:
                one = waiting.popleft()
                gone = await remove(one.kind, one.since, one.limit)
                removed[one.kind.table] += gone.rows
                is_more = gone.rows == one.limit
                if is_more:
                    one.go_on(gone)
                    waiting.append(one)
                for client in gone.clients:
                    await end_the_rest(client)
                await asyncio.sleep(_pause(gone, is_more=is_more))
    except _AnotherSweeps:
        pass
    return removed


def _pause(gone: _Batch, *, is_more: bool) -> float:
    """For how many seconds the database is left alone after this."""
    if not gone.rows:
        return min(gone.seconds, _LONGEST_PAUSE)
    shortest = _SHORTEST_PAUSE if is_more else 0.0
    return max(shortest, min((_SHARE - 1) * gone.seconds, _LONGEST_PAUSE))


@asynccontextmanager
async def _sweeping(settings: DatabaseSettings, now: datetime) -> AsyncIterator[_Remove]:
    sweeping = _on_sqlite if settings.is_sqlite else _on_postgres
    async with sweeping(settings, now) as remove:
        yield remove


@asynccontextmanager
async def _on_postgres(settings: DatabaseSettings, now: datetime) -> AsyncIterator[_Remove]:
    async def remove(kind: Kind, since: Any, limit: int) -> _Batch:
        values = (since, now - kind.kept, limit, *((now,) if kind.asks_now else ()))
        # Where a role sees some columns only, it does not see where rows are.
        key = "id" if kind.table in SHOWN else _PLACE
        statement = kind.statement(key, "$1", "$2", "$3", "$4")
        async with connection.transaction():
            # Two that delete the same rows in different orders would wait for each other.
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _TURN):
                raise _AnotherSweeps
            began = time.monotonic()
            if kind.outlived:
                clients = map(tuple, await connection.fetch(statement, *values))
                return _told(kind, clients, time.monotonic() - began)
            # A thousand rows would take time from those who wait for an answer.
            summary = f"SELECT count(*), max({kind.ended}) FROM gone"  # noqa: S608 - our own names
            [told] = await connection.fetch(f"WITH gone AS ({statement}) {summary}", *values)
            rows, newest = told
            return _Batch(rows, newest, time.monotonic() - began)

    async with sweep_line(settings) as connection:
        yield remove


@asynccontextmanager
async def _on_sqlite(settings: DatabaseSettings, now: datetime) -> AsyncIterator[_Remove]:
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="sweep")
    connection = await loop.run_in_executor(thread, connected, database.sqlite_path(settings))

    async def remove(kind: Kind, since: Any, limit: int) -> _Batch:
        given = (since, now - kind.kept, limit, *((now,) if kind.asks_now else ()))
        values = encoded(given, "sqlite")
        statement = kind.statement("rowid", "?1", "?2", "?3", "?4")

        def removed() -> _Batch:
            began = time.monotonic()
            rows = connection.execute(statement, values).fetchall()
            return _told(kind, rows, time.monotonic() - began)

        return await loop.run_in_executor(thread, removed)

    try:
        yield remove
    finally:
        # Not waited for: who was cancelled leaves a statement that is still on its way.
        thread.submit(connection.close)
        thread.shutdown(wait=False)


def _told(kind: Kind, rows: Iterable[tuple[Any, ...]], seconds: float) -> _Batch:
    """What each of the rows tells that were deleted."""
    told = list(rows)
    newest = max((row[0] for row in told), default=None)
    gone = told if kind.outlived else ()
    clients = [GoneClient(UUID(str(tenant)), client_id) for _, tenant, client_id in gone]
    return _Batch(len(told), newest, seconds, clients)
