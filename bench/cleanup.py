"""What it costs to remove millions of expired tokens: ``python -m bench cleanup``.

A server gives out tokens at a steady pace while another process removes what is over, as a worker
does, on the server's own core. First in turn with seconds in which nothing is removed, then until
nothing is left. Then a day of tokens is issued and removed hour by hour, each in a few seconds:
whether the table stops growing.

``python -m bench.cleanup --remove`` and ``--day`` do their part inside the installation of the
environment.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg

from authgate import background, provisioning, storage
from authgate import installation as product
from authgate.clock import utc_now
from authgate.jobs import RemoveExpired
from authgate.settings import Settings
from authgate.storage import database
from authgate.storage.issued import tokens
from authgate_tenants import use_tenant
from bench import report
from bench.authgate_server import Installation, served
from bench.cpu import ProcessTree
from bench.load import Load, Volley, drive
from bench.machine import Cores, pinned
from bench.postgres import Cluster
from bench.scenarios.client_credentials import ClientCredentials
from bench.servers import stop
from bench.tenants import Tenant, made

_ROOT = Path(__file__).parents[1]
_LINES = 8
_THINK_MILLISECONDS = 20
_NEVER = {"AUTHGATE_JOBS__CLEANUP_SECONDS": "1000000"}
"""By itself the server removes once what is over, as it starts."""
_MEBIBYTE = 2**20
_HOURS = 24
_HOUR_SECONDS = 5.0
_SHOWN_HOURS = (1, 2, 6, 12, 18, 24)
_KEPT = timedelta(minutes=5)
"""How long a token that is over is kept; in a day of minutes there is no time for it."""
_AT_ONCE = 500

_COLUMNS = (
    "id, tenant_id, category, status, token_hash, client_id, scope, grant_type, created_at,"
    " expires_at"
)
_LIKE_ONE = f"""
INSERT INTO tokens ({_COLUMNS})
SELECT {{id}}, tenant_id, category, status, {{hash}}, client_id, scope, grant_type, {{at}}, {{at}}
FROM (SELECT * FROM tokens LIMIT 1) AS one, {{series}}
"""  # noqa: S608 - our own words
_COUNTED = """
(WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})
SELECT n FROM counted)
"""
# What is made at once is indexed at once, and refers to nothing that would have to be looked for.
_ON_POSTGRES = """
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
CREATE TEMP TABLE built AS
  SELECT format('ALTER TABLE tokens ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
    AS up, format('ALTER TABLE tokens DROP CONSTRAINT %I', conname) AS down
  FROM pg_constraint WHERE conrelid = 'tokens'::regclass AND contype IN ('p', 'u')
  UNION ALL SELECT indexdef, format('DROP INDEX %I', indexname) FROM pg_indexes
  WHERE tablename = 'tokens' AND indexname NOT IN (SELECT conname FROM pg_constraint);
DO $$ DECLARE ddl text; BEGIN FOR ddl IN SELECT down FROM built LOOP EXECUTE ddl; END LOOP; END $$;
{rows};
DO $$ DECLARE ddl text; BEGIN FOR ddl IN SELECT up FROM built LOOP EXECUTE ddl; END LOOP; END $$;
"""
_REMOVED = {
    False: "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'tokens'",
    True: "SELECT -count(*) FROM tokens",
}
_OVER = {
    False: "SELECT count(*) FROM tokens WHERE expires_at < now() - interval '5 minutes'",
    True: "SELECT count(*) FROM tokens WHERE expires_at < datetime('now', '-5 minutes')",
}

_SEEN = "SELECT count(*), pg_table_size('tokens'), pg_indexes_size('tokens') FROM tokens"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is, and how long anybody looks."""

    expired: int
    expired_on_sqlite: int
    rounds: int
    seconds: int
    within_seconds: float
    """After so long it is no longer watched."""
    an_hour: int
    """Tokens that are issued in an hour of the day."""


FULL = Scale(10_000_000, 1_000_000, 6, 6, 400.0, 50_000)
QUICK = Scale(300_000, 100_000, 1, 3, 60.0, 5_000)


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed from one kind of storage, and what those met who asked meanwhile."""

    name: str
    expired: int
    without: tuple[Load, ...]
    beside: tuple[Load, ...]
    """Each between two of those without."""
    rest: tuple[Load, ...]
    """Until nothing was left, or the time was over."""
    removed: int
    seconds: float
    """For which it was removed, under load."""
    left: int
    cpu: float
    """Seconds of the process that removes."""
    first_bytes: int
    most_bytes: int
    """What it held at first, and at the most."""

    @property
    def ratio(self) -> float:
        """Of the middle p99 beside it to that without: of a few slowest in a slice each alone is
        an accident."""
        return _p99(self.beside) / _p99(self.without)

    @property
    def noise(self) -> float:
        """The same of the slices without it, the later half of them to the former one."""
        half = len(self.without) // 2
        return _p99(self.without[half:]) / _p99(self.without[:half])

    @property
    def complaint(self) -> str:
        """Why this must not be used."""
        wrong = sum(load.wrong + load.broken for load in (*self.without, *self.beside, *self.rest))
        if wrong:
            return f"{self.name}: {wrong} wrong answers"
        return f"{self.name}: nothing was removed" if not self.beside else ""


@dataclass(frozen=True, slots=True)
class Hour:
    """How much had been issued and removed by its end, and what the table took then."""

    number: int
    issued: int
    removed: int
    rows_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Day:
    """An hour's tokens are issued, and those of the hour before are removed."""

    hours: tuple[Hour, ...]

    @property
    def complaint(self) -> str:
        """Why this must not be used."""
        last = self.hours[-1]
        is_behind = last.issued - last.removed > 2 * self.hours[0].issued
        return "a day: less was removed than was over" if is_behind else ""


def measure(
    scale: Scale,
    *,
    cluster: Cluster,
    directory: Path,
    cores: Cores,
    say: Callable[[str], None],
) -> tuple[list[Removal], Day]:
    """On PostgreSQL, on SQLite, and a day on PostgreSQL."""
    removals = []
    for name, place, expired in (
        ("PostgreSQL", cluster, scale.expired),
        ("SQLite", None, scale.expired_on_sqlite),
    ):
        installation = _installed(f"cleanup {name}", directory, place)
        removals.append(_removal(name, installation, expired, scale, cores, say))
        say(table(removals[-1:]))
    return removals, _day(_installed("cleanup day", directory, cluster), scale.an_hour, cores)


def table(found: Sequence[Removal]) -> str:
    """A line for each storage."""
    head = (
        "storage", "expired", "rows/s", "µs CPU/row", "left", "requests", "p99 ms",
        "p99 ms beside", "p99 ratio", "noise alone", "MiB at first", "MiB at most",
    )  # fmt: skip
    return report.table(head, list(map(_line, found)))


def day_table(day: Day) -> str:
    """A line for some of the hours."""
    head = ("hour", "issued", "removed", "rows, MiB", "indexes, MiB")
    shown = [each for each in day.hours if each.number in _SHOWN_HOURS]
    return report.table(head, list(map(_hour_line, shown)))


def _line(each: Removal) -> tuple[str, ...]:
    return (
        each.name,
        f"{each.expired:,}",
        f"{each.removed / each.seconds:,.0f}",
        f"{each.cpu / max(1, each.removed) * 1e6:.1f}",
        f"{each.left:,}",
        f"{sum(load.requests for load in (*each.beside, *each.rest)):,}",
        f"{_p99(each.without):.2f}",
        f"{_p99(each.beside):.2f}",
        f"{each.ratio:.2f}",
        f"{each.noise:.2f}",
        f"{each.first_bytes / _MEBIBYTE:.0f}",
        f"{each.most_bytes / _MEBIBYTE:.0f}",
    )


def _hour_line(each: Hour) -> tuple[str, ...]:
    return (
        str(each.number),
        f"{each.issued:,}",
        f"{each.removed:,}",
        f"{each.rows_bytes / _MEBIBYTE:.1f}",
        f"{each.index_bytes / _MEBIBYTE:.1f}",
    )


def _p99(loads: Sequence[Load]) -> float:
    return median(load.p99 for load in loads)


def _installed(name: str, directory: Path, cluster: Cluster | None) -> Installation:
    home = directory / name.replace(" ", "_")
    home.mkdir()
    installation = Installation(name, "uvicorn", home, cluster, chosen=_NEVER)
    if cluster:
        cluster.create(installation.database)
    installation.command("migrate")
    return installation


def _removal(
    name: str,
    installation: Installation,
    expired: int,
    scale: Scale,
    cores: Cores,
    say: Callable[[str], None],
) -> Removal:
    [tenant] = made(installation, 1, 1)
    with served(installation, cores):
        watched = _Watched(installation, tenant, Volley(
            scale.seconds, _LINES, cores.load, think_milliseconds=_THINK_MILLISECONDS
        ), cores)  # fmt: skip
        watched.slice()  # warm
        fill(installation, expired)
        say(f"cleanup: {expired:,} expired tokens made")
        for _ in range(scale.rounds):
            watched.without.append(watched.slice())
            watched.remove_beside_a_slice()
        watched.without.append(watched.slice())
        watched.remove_the_rest(within=scale.within_seconds)
        return Removal(
            name=name,
            expired=expired,
            without=tuple(watched.without),
            beside=tuple(watched.beside),
            rest=tuple(watched.rest),
            removed=watched.removed,
            seconds=watched.seconds,
            left=int(installation.execute(_OVER[installation.is_sqlite])),
            cpu=watched.cpu,
            first_bytes=watched.held[0],
            most_bytes=max(watched.held),
        )


class _Watched:
    """A server that gives out tokens, and what was seen of it so far."""

    def __init__(
        self, installation: Installation, tenant: Tenant, volley: Volley, cores: Cores
    ) -> None:
        self._installation, self._volley, self._cores = installation, volley, cores
        self._request = tenant.asking(installation.base_url)
        self.without: list[Load] = []
        self.beside: list[Load] = []
        self.rest: list[Load] = []
        self.held: list[int] = []
        self.removed, self.seconds, self.cpu = 0, 0.0, 0.0

    def slice(self) -> Load:
        """What the server's clients meet."""
        return drive([self._request], ClientCredentials.expectation, self._volley)

    def remove_beside_a_slice(self) -> None:
        """Have rows removed for as long as one slice lasts."""
        with _removing(self._installation, self._cores) as process:
            self._beside(process, self.beside)

    def remove_the_rest(self, *, within: float) -> None:
        """Have rows removed until a slice goes by in which there are none."""
        with _removing(self._installation, self._cores) as process:
            end = time.monotonic() + within
            while self._beside(process, self.rest) and time.monotonic() < end:
                pass

    def _beside(self, process: ProcessTree, loads: list[Load]) -> int:
        """A slice; how many rows were removed in it."""
        self.held.append(process.largest_bytes())
        began, cpu, before = time.monotonic(), process.seconds(), self._removed_so_far()
        load = self.slice()
        removed = self._removed_so_far() - before
        if removed:
            loads.append(load)
            self.removed += removed
            self.seconds += time.monotonic() - began
            self.cpu += process.seconds() - cpu
        self.held.append(process.largest_bytes())
        return removed

    def _removed_so_far(self) -> int:
        return int(self._installation.execute(_REMOVED[self._installation.is_sqlite]))


@contextmanager
def _removing(installation: Installation, cores: Cores) -> Iterator[ProcessTree]:
    """A process that removes what is over, for as long as the block lasts."""
    with _python(installation, cores, "--remove") as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        yield ProcessTree(process.pid)


@contextmanager
def _python(
    installation: Installation, cores: Cores, *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "bench.cleanup", *arguments]
    with (installation.directory / f"{arguments[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            pinned(command, cores.server),
            env={**os.environ, **installation.finding(_ROOT).environment},
            cwd=installation.directory,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)
            if process.stdout:
                process.stdout.close()


def fill(installation: Installation, expired: int) -> None:
    """Put in so many expired tokens, and a tenth as many that are good for a day: each is over a
    little later than the one before."""
    for statement in (_in_sqlite if installation.is_sqlite else _in_postgres)(expired):
        installation.execute(statement)


def _in_postgres(expired: int) -> Iterator[str]:
    rows = (
        _LIKE_ONE.format(
            id="gen_random_uuid()",
            hash="uuid_send(gen_random_uuid()) || uuid_send(tenant_id)",
            at=f"now() {sign} interval '1 day' + n * (interval '1 hour' / {count})",
            series=f"generate_series(1, {count}) AS n",
        )
        for count, sign in ((expired, "-"), (expired // 10, "+"))
    )
    yield _ON_POSTGRES.format(rows=";".join(rows))
    yield "VACUUM ANALYZE tokens"
    yield "CHECKPOINT"


def _in_sqlite(expired: int) -> Iterator[str]:
    digits = " || char(45) || ".join(f"hex(randomblob({length}))" for length in (4, 2, 2, 2, 6))
    for count, shift in ((expired, "-1 days"), (expired // 10, "+1 days")):
        later = f"(n * 3600.0 / {count}) || ' seconds'"
        yield _LIKE_ONE.format(
            id=f"lower({digits})",
            hash="randomblob(32)",
            at=f"strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now', '{shift}', {later})",
            series=_COUNTED.format(count=count),
        )
    yield "ANALYZE"


def _day(installation: Installation, an_hour: int, cores: Cores) -> Day:
    with _python(installation, cores, "--day", str(an_hour)) as process:
        assert process.stdout is not None
        told = (json.loads(line) for line in process.stdout if line.startswith(b"[["))
        return Day(tuple(Hour(*each) for each in next(told)))


async def _remove() -> None:
    """Do the job again and again."""
    async with product.opened(Settings()) as parts:
        performer = background.performer(parts)
        print("begun", flush=True)
        while True:
            await performer.perform(RemoveExpired(), tenant_id=None)
            await asyncio.sleep(0.2)


async def _live_a_day(an_hour: int) -> None:
    """An hour is a few seconds; a token is good for as long."""
    settings = Settings()
    hours: list[Hour] = []
    assert settings.database.owner_url is not None
    line = await asyncpg.connect(database.dsn(settings.database.owner_url.get_secret_value()))
    # It looks around each minute, which is once in a few seconds of such a day.
    await line.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    await line.execute("SELECT pg_reload_conf()")
    async with product.opened(settings, clock=lambda: utc_now() + _KEPT) as parts:
        performer = background.performer(parts)
        tenant = await provisioning.add_tenant(parts, slug="day", name="Day")
        for number in range(1, _HOURS + 1):
            end = time.monotonic() + _HOUR_SECONDS
            with use_tenant(tenant):
                await _issue(an_hour)
            await performer.perform(RemoveExpired(), tenant_id=None)
            [[left, rows, indexes]] = await line.fetch(_SEEN)
            hours.append(Hour(number, number * an_hour, number * an_hour - left, rows, indexes))
            await asyncio.sleep(end - time.monotonic())
    await line.close()
    print(json.dumps([[x.number, x.issued, x.removed, x.rows_bytes, x.index_bytes] for x in hours]))


async def _issue(amount: int) -> None:
    now = utc_now()
    for start in range(0, amount, _AT_ONCE):
        many = min(_AT_ONCE, amount - start)
        await storage.append(*(tokens.row(_token(now)) for _ in range(many)))


def _token(now: datetime) -> tokens.NewToken:
    return tokens.NewToken(
        jti=str(uuid4()),
        category=tokens.TokenCategory.ACCESS,
        token=secrets.token_urlsafe(32),
        client_id="machine",
        user_id=None,
        family_id=None,
        scope="read",
        grant_type="client_credentials",
        created_at=now,
        expires_at=now + timedelta(seconds=_HOUR_SECONDS),
    )


if __name__ == "__main__":
    if sys.argv[1] == "--remove":
        asyncio.run(_remove())
    else:
        asyncio.run(_live_a_day(int(sys.argv[2])))
