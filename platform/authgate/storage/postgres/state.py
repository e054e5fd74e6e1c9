"""What PostgreSQL tells a role of its server and of its own line, for the doctor."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database

_SECONDS = 3
_REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
_STATE = """
SELECT (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS read_only,
       pg_backend_pid() AS backend,
       (SELECT array_agg(name::text ORDER BY name) FROM pg_settings
         WHERE name = ANY($1::text[]) AND setting = 'off') AS not_durable,
       (SELECT sum(setting::int * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END)::int
          FROM pg_settings WHERE name = 'max_connections' OR name LIKE '%reserved_connections')
         AS of_server,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS of_role,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS of_database,
       (SELECT array_agg(DISTINCT host(client_addr)) FROM pg_stat_activity
         WHERE usename = current_user AND datname = current_database()
           AND client_addr IS NOT NULL AND pid <> pg_backend_pid()) AS machines
"""


@dataclass(frozen=True, slots=True)
class PostgresState:
    """What there is to know."""

    encrypted: bool
    verified: bool
    """Whether the URL asks who is at the other end."""

    read_only: bool
    not_durable: tuple[str, ...]
    """What keeps an answered request from surviving a crash, and is off."""

    most_connections: int
    """That the serving role may have, all processes together."""

    machines: tuple[str, ...]
    """Addresses from which the role is connected."""

    is_pooled: bool
    """Whether a pooler is between."""


async def ask(settings: DatabaseSettings) -> PostgresState:
    """Ask as the serving role. Raises what makes it an outage."""
    url = settings.url.get_secret_value()
    async with _connected(url) as connection:
        row = await connection.fetchrow(_STATE, list(_DURABLE))
        announced = connection.get_server_pid()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    limits = (row["of_server"], row["of_role"], row["of_database"])
    return PostgresState(
        encrypted=bool(row["encrypted"]),
        verified=_is_verified(url),
        read_only=row["read_only"],
        not_durable=tuple(row["not_durable"] or ()),
        most_connections=min(limit for limit in limits if limit >= 0),
        machines=tuple(row["machines"] or ()),
        # Poolers make up the number by which a statement is cancelled.
        is_pooled=announced != row["backend"],
    )


async def refused(url: str) -> str:
    """Why PostgreSQL refuses this login; nothing where it does not."""
    try:
        async with _connected(url):
            return ""
    except _REFUSALS as error:
        return str(error)


async def takes_any_password(url: str) -> bool:
    """Whether the role of this URL is let in with a password that was made up."""
    parts = urlsplit(url)
    role, host = database.role_of(url)[0], parts.netloc.rpartition("@")[2]
    login = f"{quote(role, safe='')}:{secrets.token_urlsafe(24)}"
    return not await refused(urlunsplit(parts._replace(netloc=f"{login}@{host}")))


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    # No statement is prepared by name: a pooler may be between, whatever the settings say.
    connection = await asyncpg.connect(
        database.dsn(url), timeout=_SECONDS, command_timeout=_SECONDS, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=_SECONDS)


def _is_verified(url: str) -> bool:
    [mode] = parse_qs(urlsplit(url).query).get("sslmode", ["prefer"])[-1:]
    return mode in ("verify-full", "verify-ca")
