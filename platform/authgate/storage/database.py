"""Which database, as which role, and what its errors mean."""

import errno
import sqlite3
from socket import gaierror
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr
from tortoise.exceptions import BaseORMException, DBConnectionError

from authgate.settings import DatabaseSettings
from authgate.storage.sqlite.client import PRAGMAS

Dialect = Literal["sqlite", "postgres"]

MODEL_MODULES = (
    "authgate_tenants.models",
    "authgate.storage.audit.audit_events",
    "authgate.storage.grants.authorization_codes",
    "authgate.storage.grants.authorization_requests",
    "authgate.storage.clients.rows",
    "authgate.storage.audit.audit_feeds",
    "authgate.storage.audit.audit_seals",
    "authgate.storage.audit.exports",
    "authgate.storage.export_files",
    "authgate.storage.audit.audit_logs",
    "authgate.storage.audit.audit_erasures",
    "authgate.storage.people.person_erasures",
    "authgate.storage.audit.alerts",
    "authgate.storage.audit.saved_searches",
    "authgate.storage.tenants.logos",
    "authgate.storage.tenants.plugin_failures",
    "authgate.storage.tenants.plugin_settings",
    "authgate.storage.tenants.scopes",
    "authgate.storage.tenants.settings_versions",
    "authgate.storage.sign_in.connections",
    "authgate.storage.grants.consents",
    "authgate.storage.grants.device_codes",
    "authgate.storage.sign_in.external_identities",
    "authgate.storage.clients.initial_access_tokens",
    "authgate.storage.idempotent_requests",
    "authgate.storage.sign_in.login_failures",
    "authgate.storage.sign_in.logout_deliveries",
    "authgate.storage.mail.mail_servers",
    "authgate.storage.mail.mails",
    "authgate.storage.jobs.kept_jobs",
    "authgate.storage.jobs.periodic_jobs",
    "authgate.storage.keys.pairwise_secrets",
    "authgate.storage.issued.refresh_tokens",
    "authgate.storage.sign_in.passkeys",
    "authgate.storage.sign_in.recovery_codes",
    "authgate.storage.sign_in.remembered_devices",
    "authgate.storage.sign_in.session_clients",
    "authgate.storage.sign_in.sessions",
    "authgate.storage.sign_in.totp_secrets",
    "authgate.storage.keys.signing_key_steps",
    "authgate.storage.keys.signing_keys",
    "authgate.storage.grants.spent_jtis",
    "authgate.storage.issued.tokens",
    "authgate.storage.tenants.sign_ups",
    "authgate.storage.metering.active_users",
    "authgate.storage.metering.installation_days",
    "authgate.storage.metering.usage_days",
    "authgate.storage.metering.usage_entries",
    "authgate.storage.metering.usage_hours",
    "authgate.storage.metering.usage_statements",
    "authgate.storage.people.account_deletions",
    "authgate.storage.people.invitations",
    "authgate.storage.people.mailed_links",
    "authgate.storage.people.operator_accesses",
    "authgate.storage.people.group_members",
    "authgate.storage.people.impersonations",
    "authgate.storage.people.groups",
    "authgate.storage.people.scim_tokens",
    "authgate.storage.people.user_imports",
    "authgate.storage.people.users",
    "authgate.storage.webhooks.endpoints",
    "authgate.storage.webhooks.sendings",
    "authgate.storage.tenants.exports",
    "authgate.storage.tenants.imports",
)
MIGRATIONS = "authgate.storage.migrations"
APP_LABEL = "models"

CONNECT_SECONDS = 3
"""How long a connection to PostgreSQL may take to come about."""


class OwnerUrlMissing(ValueError):
    """PostgreSQL is to be migrated, but the owner's URL is not set."""


def sqlite_path(settings: DatabaseSettings) -> str:
    """The file that holds an SQLite database."""
    return settings.url.get_secret_value().removeprefix("sqlite://")


def append_url(settings: DatabaseSettings) -> str:
    """As the role that inserts tokens and audit events, and does nothing else."""
    return _as_role(settings, settings.append_url, "_append")


def sweep_url(settings: DatabaseSettings) -> str:
    """As the role that sees and deletes expired rows, and nothing else."""
    return _as_role(settings, settings.sweep_url, "_sweep")


def owner_url(settings: DatabaseSettings) -> str:
    """As the role that owns the tables. Raises ``OwnerUrlMissing``."""
    if settings.owner_url is None:
        raise OwnerUrlMissing("Set AUTHGATE_DATABASE__OWNER_URL to migrate PostgreSQL.")
    return settings.owner_url.get_secret_value()


def _as_role(settings: DatabaseSettings, own: SecretStr | None, suffix: str) -> str:
    if own is not None:
        return own.get_secret_value()
    parts = urlsplit(settings.url.get_secret_value())
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}{suffix}{colon}{password}{at}{host}"))


def role_of(url: str) -> tuple[str, str]:
    """User and password of a PostgreSQL URL."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")


def orm_config(settings: DatabaseSettings, *, as_owner: bool = False) -> dict[str, Any]:
    """What Tortoise is started with: our client for requests, the stock one for migrations."""
    if settings.is_sqlite:
        connection = _sqlite_connection(settings, as_owner=as_owner)
    else:
        connection = _postgres_connection(settings, as_owner=as_owner)
    return {
        "connections": {"default": connection},
        "apps": {
            APP_LABEL: {
                "models": list(MODEL_MODULES),
                "default_connection": "default",
                "migrations": MIGRATIONS,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite_connection(settings: DatabaseSettings, *, as_owner: bool) -> dict[str, Any]:
    # SQLite rebuilds tables to change them, which foreign keys must not watch.
    pragmas = PRAGMAS | ({"foreign_keys": "OFF"} if as_owner else {})
    return {
        "engine": "authgate.storage.sqlite.client",
        "credentials": {"file_path": sqlite_path(settings), **pragmas},
    }


def _postgres_connection(settings: DatabaseSettings, *, as_owner: bool) -> dict[str, Any]:
    url = owner_url(settings) if as_owner else settings.url.get_secret_value()
    parts = urlsplit(url)
    credentials: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or 5432,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        # What else the URL says, such as how the line is encrypted; without its password, since
        # Tortoise writes this into its debug log.
        "dsn": urlunsplit(("postgresql", parts.netloc.rpartition("@")[2], "", parts.query, "")),
        "minsize": 1,
        "maxsize": 2 if as_owner else settings.pool_size,
        "timeout": CONNECT_SECONDS,
    }
    if not as_owner:
        # The server ends a slow statement itself; a server that is gone without a word cannot.
        credentials["command_timeout"] = answer_seconds(settings)
    if settings.pgbouncer and not as_owner:
        credentials["statement_cache_size"] = 0
    engine = "url_client" if as_owner else "client"
    return {"engine": f"authgate.storage.postgres.{engine}", "credentials": credentials}


def answer_seconds(settings: DatabaseSettings) -> float:
    """How long to wait for PostgreSQL, which itself ends a statement a second earlier."""
    return settings.statement_seconds + 1


def dsn(url: str) -> str:
    """The URL in the form that asyncpg takes, whatever characters its password holds."""
    parts = urlsplit(url)
    user, password = role_of(url)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(scheme="postgresql", netloc=f"{login}{host}"))


_OUTAGE_CLASSES = ("08", "40", "53", "57")
"""Of SQLSTATE: connection, conflict with another transaction, resources, operator."""

_OUTAGE_STATES = frozenset({"25006", "25P03", "55P03"})
"""Read-only (a standby), idle for too long, lock not to be had."""

_TOLD_OF_ITS_END = "another operation (2) is in progress"
"""What asyncpg says of a connection that the server has ended while nobody used it, and whose user
was quicker than the end of the line."""

_UNREACHABLE = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
    }
)
_SQLITE_OUTAGES = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
)


class StorageUnavailable(RuntimeError):
    """The database cannot be reached, or cannot take this now: come back in a moment."""


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the database is away rather than that we are wrong."""
    match error:
        case StorageUnavailable() | DBConnectionError():
            return True
        case BaseORMException():
            inner = _wrapped(error)
            return inner is not None and is_outage(inner)
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            return state.startswith(_OUTAGE_CLASSES) or state in _OUTAGE_STATES
        case asyncpg.InterfaceError():
            # The driver has this one class for its own closed connections and for our mistakes.
            return "closed" in str(error) or "closing" in str(error)
        case asyncpg.InternalClientError():
            return _TOLD_OF_ITS_END in str(error)
        case sqlite3.OperationalError():
            # The low byte: the others only say more about it.
            return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_OUTAGES
        case OSError():
            return _is_unreachable(error)
    return False


def is_conflict(error: BaseException) -> bool:
    """Whether it was the other transactions' doing, so that it may work when tried once more."""
    state = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    return state is not None and state.startswith("40")


def is_duplicate(error: BaseException) -> bool:
    """Whether a row was refused because another one has a unique key of its."""
    if isinstance(error, sqlite3.IntegrityError):
        return error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE
    return isinstance(error, asyncpg.UniqueViolationError)


def _wrapped(error: BaseORMException) -> BaseException | None:
    inner = error.args[0] if error.args else None
    return inner if isinstance(inner, BaseException) else error.__cause__


def _is_unreachable(error: OSError) -> bool:
    if isinstance(error, (ConnectionError, TimeoutError, gaierror)):
        return True
    # asyncio tells of a name with several addresses, none of which answers, by words alone.
    return error.errno in _UNREACHABLE or str(error).startswith("Multiple exceptions")
