"""What only a PostgreSQL server can tell: its line, its roles, its limits."""

from collections.abc import AsyncIterator, Iterator

from authgate.diagnosis.limits import LIMITS_NOT_SHARED
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.diagnosis.network import is_local
from authgate.settings import Settings
from authgate.storage import database
from authgate.storage.postgres.state import PostgresState, ask, refused, takes_any_password

DATABASE_IN_THE_CLEAR = Misconfiguration(
    code="database-in-the-clear",
    severity=Severity.WARNING,
    area=Area.DATABASE,
    wrong="PostgreSQL is on another machine, and the line to it is not encrypted.",
    why="Whoever is on the way reads and changes what is stored.",
    cure="Switch TLS on at the server, and add"
    " `?sslmode=verify-full&sslrootcert=<path>` to `database.url`.",
)
DATABASE_UNVERIFIED = Misconfiguration(
    code="database-unverified",
    severity=Severity.WARNING,
    area=Area.DATABASE,
    wrong="The line to PostgreSQL is encrypted, and nobody looks who is at the other end.",
    why="Whoever is on the way can pass for the database, and is told the role's password.",
    cure="Add `?sslmode=verify-full&sslrootcert=<path>` to `database.url`.",
)
DATABASE_ASKS_NOBODY = Misconfiguration(
    code="database-asks-nobody",
    area=Area.DATABASE,
    wrong="PostgreSQL lets the serving role in with any password, in the `prod` profile.",
    why="Whoever reaches the server has what the role has.",
    cure="Write `scram-sha-256` rather than `trust` into `pg_hba.conf`, and reload it.",
)
ROLE_REFUSED = Misconfiguration(
    code="role-refused",
    area=Area.DATABASE,
    wrong="PostgreSQL refuses the role that appends, or the one that removes expired rows.",
    why="Without the first no token is issued; without the second nothing is ever removed.",
    cure="Run `authgate migrate`, which makes the role, or set `{setting}`.",
)
TOO_FEW_CONNECTIONS = Misconfiguration(
    code="too-few-connections",
    area=Area.DATABASE,
    wrong="The server's processes together may want more connections than PostgreSQL gives.",
    why="Under load requests are answered 503, and so is everybody else's program there.",
    cure="Lower `database.pool_size` or `server.workers`, raise `max_connections`, or put a pooler"
    " between and set `database.pgbouncer`.",
)
NOT_DURABLE = Misconfiguration(
    code="not-durable",
    area=Area.DATABASE,
    wrong="`fsync`, `full_page_writes` or `synchronous_commit` is off.",
    why="After a crash of PostgreSQL codes that were spent can be spent again, and tokens that were"
    " given out are unknown.",
    cure="Switch `{name}` on, in `postgresql.conf` or for the role.",
)
DATABASE_READ_ONLY = Misconfiguration(
    code="database-read-only",
    area=Area.DATABASE,
    wrong="PostgreSQL is a standby, or transactions are read-only.",
    why="Nobody can sign in, and no token is issued.",
    cure="Name the primary in `database.url`.",
)
UNDECLARED_POOLER = Misconfiguration(
    code="undeclared-pooler",
    severity=Severity.WARNING,
    area=Area.DATABASE,
    wrong="A pooler is between, and `database.pgbouncer` is false.",
    why="If it gives a connection to another client after each transaction, statements that are"
    " prepared on one are asked for on another, and fail. No process hears of changes through it:"
    " each forgets what it knows more than once a second, and reads it anew.",
    cure="Set `database.pgbouncer = true`.",
)

_BESIDE_THE_POOL = 4  # what appends, what redeems, what looks up, and what listens
_SWEEPER = 1


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What is wrong with a PostgreSQL that answers."""
    state = await ask(settings.database)
    url = settings.database.url.get_secret_value()
    for finding in (*_line(state, url), *_server(state), *_room(state, settings)):
        yield finding
    if settings.profile == "prod" and await takes_any_password(url):
        yield DATABASE_ASKS_NOBODY.found("a password that was made up is taken")
    async for finding in _roles(settings):
        yield finding


def _line(state: PostgresState, url: str) -> Iterator[Finding]:
    if is_local(url):
        return
    if not state.encrypted:
        yield DATABASE_IN_THE_CLEAR.found("the line is not encrypted")
    elif not state.verified:
        yield DATABASE_UNVERIFIED.found("sslmode is neither verify-full nor verify-ca")


def _server(state: PostgresState) -> Iterator[Finding]:
    for name in state.not_durable:
        yield NOT_DURABLE.found(f"{name} is off", name=name)
    if state.read_only:
        yield DATABASE_READ_ONLY.found("transactions are read-only")


def _room(state: PostgresState, settings: Settings) -> Iterator[Finding]:
    database, workers = settings.database, settings.server.workers
    if state.is_pooled and not database.pgbouncer:
        yield UNDECLARED_POOLER.found("connections go through a pooler")
    # While workers are replaced there is one more.
    wanted = (workers + 1) * (database.pool_size + _BESIDE_THE_POOL) + _SWEEPER
    if not (state.is_pooled or database.pgbouncer) and wanted > state.most_connections:
        may = f"{state.most_connections} may be had"
        yield TOO_FEW_CONNECTIONS.found(f"up to {wanted} are wanted, {may}")
    if len(state.machines) > 1 and workers == 1 and settings.redis_url is None:
        yield LIMITS_NOT_SHARED.found(f"{len(state.machines)} machines, no redis_url")


async def _roles(settings: Settings) -> AsyncIterator[Finding]:
    urls = {
        "database.append_url": database.append_url(settings.database),
        "database.sweep_url": database.sweep_url(settings.database),
    }
    for setting, url in urls.items():
        reason = await refused(url)
        if reason:
            yield ROLE_REFUSED.found(f"{database.role_of(url)[0]}: {reason}", setting=setting)
