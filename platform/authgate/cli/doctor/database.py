"""The database: that it answers, has this version's shape, and is walled."""

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from authgate import storage
from authgate.cli import expected
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.settings import Settings
from authgate.storage import fitness
from authgate.storage.database import sqlite_path
from authgate.storage.fitness import LoginRefused, NotMigrated
from authgate.storage.postgres.row_security import MightyRole, WallMissing

DATABASE_MISSING = Misconfiguration(
    code="database-missing",
    area=Area.DATABASE,
    wrong="The SQLite database does not exist.",
    why="There is nothing to serve.",
    cure="Run `authgate migrate`, or `authgate demo` to try things out.",
)
DATABASE_AWAY = Misconfiguration(
    code="database-away",
    area=Area.DATABASE,
    wrong="The database cannot be reached.",
    why="Nothing works without it.",
    cure="Start it, or correct `database.url`.",
)
DATABASE_UNVERIFIABLE = Misconfiguration(
    code="database-unverifiable",
    area=Area.DATABASE,
    wrong="The certificate of PostgreSQL is not vouched for, or is for another name.",
    why="Whoever is on the way may pass for the database; AuthGate does not speak to it.",
    cure="Name in `database.url` the host that the certificate is for, and by"
    " `sslrootcert=<path>` the authority that made it.",
)
DATABASE_REFUSES = Misconfiguration(
    code="database-refuses",
    area=Area.DATABASE,
    wrong="PostgreSQL knows no such role, password or database.",
    why="Nothing works without it.",
    cure="Correct `database.url`, or run `authgate migrate`, which makes the role.",
)
NOT_MIGRATED = Misconfiguration(
    code="not-migrated",
    area=Area.DATABASE,
    wrong="The database has not got the shape that this version needs.",
    why="No server starts on it.",
    cure="Run `authgate migrate`.",
)
WALLS_MISSING = Misconfiguration(
    code="walls-missing",
    area=Area.DATABASE,
    wrong="A table is without row-level security.",
    why="The last wall between tenants has a hole; no server starts on it.",
    cure="Run `authgate migrate`.",
)
MIGHTY_ROLE = Misconfiguration(
    code="mighty-role",
    area=Area.DATABASE,
    wrong="A role that serves is a superuser, bypasses row-level security, or owns tables.",
    why="No wall of the database holds it back; no server starts with it.",
    cure="Use in `database.url` the role that `authgate migrate` makes, and keep the owner for"
    " `database.owner_url`.",
)
CLOCK_SKEW = Misconfiguration(
    code="clock-skew",
    area=Area.DATABASE,
    wrong="The clock of the database or of Redis differs from this machine's by two seconds or"
    " more.",
    why="Codes and tokens end too early or too late, and limits count wrongly.",
    cure="Run a time service, such as chrony, on both machines.",
)
SQLITE_IN_PRODUCTION = Misconfiguration(
    code="sqlite-in-production",
    severity=Severity.WARNING,
    area=Area.DATABASE,
    wrong="The `prod` profile keeps its rows in SQLite.",
    why="There are two walls between tenants rather than three, one process, and one machine.",
    cure="Use PostgreSQL, which adds row-level security.",
)

_CODES: tuple[tuple[type[Exception], Misconfiguration], ...] = (
    (NotMigrated, NOT_MIGRATED),
    (MightyRole, MIGHTY_ROLE),
    (WallMissing, WALLS_MISSING),
    (LoginRefused, DATABASE_REFUSES),
    (ssl.SSLCertVerificationError, DATABASE_UNVERIFIABLE),
)
CLOSED = (DATABASE_MISSING, DATABASE_AWAY, *(misconfiguration for _, misconfiguration in _CODES))
"""With any of these there is nothing more to look at in it."""

_SKEW_THAT_MATTERS = timedelta(seconds=2)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What keeps the database from being served, or what is well with it."""
    database = settings.database
    if database.is_sqlite and not _exists(sqlite_path(database)):
        yield DATABASE_MISSING.found(f"{sqlite_path(database)} does not exist yet")
        return
    try:
        async with storage.opened(database):
            await fitness.check(database)
            skew = await fitness.clock_skew()
    except Exception as error:
        found = _of(error)
        if found is None:
            raise
        yield found
        return
    if not database.is_sqlite:
        yield well(Area.DATABASE, "PostgreSQL, up to date, row-level security on every table")
        yield clock("the database's clock", skew)
    elif settings.profile == "prod":
        yield SQLITE_IN_PRODUCTION.found(f"SQLite {sqlite_path(database)}")
    else:
        yield well(Area.DATABASE, f"SQLite {sqlite_path(database)}, up to date")


def _exists(path: str) -> bool:
    return Path(path).exists()


def clock(whose: str, ahead: timedelta) -> Finding:
    """Whether two clocks agree."""
    side = "ahead" if ahead > timedelta(0) else "behind"
    found = f"{whose} is {abs(ahead.total_seconds()):.1f} s {side}"
    if abs(ahead) < _SKEW_THAT_MATTERS:
        return well(Area.DATABASE, found)
    return CLOCK_SKEW.found(found)


def _of(error: Exception) -> Finding | None:
    for kind, misconfiguration in _CODES:
        if isinstance(error, kind):
            return misconfiguration.found(_plainly(error))
    failure = expected.failure_of(error)
    return DATABASE_AWAY.found(_plainly(failure)) if failure else None


def _plainly(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return str(error).removesuffix(": run authgate migrate.")
