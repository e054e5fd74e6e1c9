"""Removing rows whose time is over, whoever's they are.

The one place that looks across tenants. On PostgreSQL it does so as the sweep role, to which the
database shows expired rows only, so a wrong clock here removes nothing that still counts.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.sqlite.line import connected
from authgate.storage.sweep.line import sweep_line

SECONDS = 20.0
"""How long one run goes on; the next one continues where it stopped."""

_TURN = 0x73776565  # any number, the same for everybody who sweeps
_LONGEST_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one table: which are over, and how long they are kept nevertheless."""

    table: str
    ended: str
    kept: timedelta
    also: str = ""
    outlived: bool = False
    """Whether a client goes, of which more may be left in other tables."""

    def statement(self, cut: str, now: str, limit: str) -> str:
        """Delete the oldest ones; the arguments are the marks of the parameters."""
        return (
            f"DELETE FROM {self.table} WHERE id IN (SELECT id FROM {self.table}"  # noqa: S608 - our own names
            f" WHERE {self.ended} < {cut}{self.also.format(now=now)}"
            f" ORDER BY {self.ended} LIMIT {limit})"
            f" RETURNING {'tenant_id, client_id' if self.outlived else '1'}"
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
    Kind("tenant_import_pieces", "expires_at", kept=timedelta(0)),
    Kind("tenant_imports", "expires_at", kept=timedelta(0)),
    Kind("user_import_lines", "expires_at", kept=timedelta(0)),
    Kind("user_imports", "expires_at", kept=timedelta(0)),
    Kind("kept_jobs", "expires_at", kept=timedelta(0)),
    Kind("mails", "expires_at", kept=timedelta(0)),
    Kind("webhook_deliveries", "expires_at", kept=timedelta(0)),
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

_Remove = Callable[[Kind], Awaitable[list[tuple[Any, ...]]]]


async def _nothing(_gone: GoneClient) -> None: ...


class _AnotherSweeps(Exception):
    """Another process is doing this right now."""


async def remove_expired(
    settings: DatabaseSettings,
    *,
    batch: int,
    now: datetime,
    seconds: float = SECONDS,
    end_the_rest: EndTheRest = _nothing,
) -> dict[str, int]:
    """Remove what is over and answer how many rows of each table that was.

    Each batch is a transaction of its own. Several processes may call this at once: on PostgreSQL
    one of them does it, the others answer early.
    """
    removed = {kind.table: 0 for kind in KINDS}
    # In any order: runs without much time would else never come to the last ones.
    waiting = deque(random.sample(KINDS, len(KINDS)))
    try:
        async with _sweeping(settings, batch, now) as remove:
            end = time.monotonic() + seconds
            while waiting and time.monotonic() < end:
                kind, began = waiting.popleft(), time.monotonic()
                rows = await remove(kind)
                removed[kind.table] += len(rows)
                if len(rows) == batch:
                    waiting.append(kind)
                for tenant_id, client_id in rows if kind.outlived else ():
                    await end_the_rest(GoneClient(UUID(str(tenant_id)), client_id))
                # Half of the time belongs to those who are waiting for an answer.
                await asyncio.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))
    except _AnotherSweeps:
        pass
    return removed


@asynccontextmanager
async def _sweeping(
    settings: DatabaseSettings, batch: int, now: datetime
) -> AsyncIterator[_Remove]:
    sweeping = _on_sqlite if settings.is_sqlite else _on_postgres
    async with sweeping(settings, batch, now) as remove:
        yield remove


@asynccontextmanager
async def _on_postgres(
    settings: DatabaseSettings, batch: int, now: datetime
) -> AsyncIterator[_Remove]:
    async def remove(kind: Kind) -> list[tuple[Any, ...]]:
        values = (now - kind.kept, batch, *((now,) if kind.also else ()))
        async with connection.transaction():
            # Two that delete the same rows in different orders would wait for each other.
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _TURN):
                raise _AnotherSweeps
            rows = await connection.fetch(kind.statement("$1", "$3", "$2"), *values)
        return [tuple(row) for row in rows]

    async with sweep_line(settings) as connection:
        yield remove


@asynccontextmanager
async def _on_sqlite(
    settings: DatabaseSettings, batch: int, now: datetime
) -> AsyncIterator[_Remove]:
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="sweep")
    connection = await loop.run_in_executor(thread, connected, database.sqlite_path(settings))

    async def remove(kind: Kind) -> list[tuple[Any, ...]]:
        values = encoded((now - kind.kept, batch, now), "sqlite")[: 3 if kind.also else 2]
        statement = kind.statement("?1", "?3", "?2")
        return await loop.run_in_executor(
            thread, lambda: connection.execute(statement, values).fetchall()
        )

    try:
        yield remove
    finally:
        # Not waited for: who was cancelled leaves a statement that is still on its way.
        thread.submit(connection.close)
        thread.shutdown(wait=False)
