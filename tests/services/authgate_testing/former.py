"""The database of AuthGate (Go), of the columns that it has in version 0.30, and people in it."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import bcrypt

ADA, BOB, EVE = (f"5f37fbe1-6c5b-4bec-a8c2-f0811436800{n}" for n in (1, 2, 3))
MACHINE, CONSOLE, CLI = "machine", "997bc88e-5804-4290-9621-4ba7a270c549", "cli"
PASSWORD = "lace-of-1815"
"""Shorter than anybody may choose here."""

SECRET = "ago_" + "k7m2xw5bnq3dvc6hj4tz" * 2 + "r2s5t7u3v6w4"
REFRESH_TOKEN = "header." + "payload" * 60 + ".signature"

_MADE = "2026-01-02 03:04:05.123456789+00:00"
_LATER = "2026-02-02 03:04:05.5+01:00"
_NEVER = "2126-01-01 00:00:00+00:00"

_TABLES = {
    "users": """id text PRIMARY KEY, username text NOT NULL, email text NOT NULL,
        password_hash text, role text NOT NULL, full_name text, avatar_url text,
        is_active {bool} NOT NULL, email_verified {bool} NOT NULL, external_id text,
        auth_source text, created_at {time}, updated_at {time}""",
    "oauth_applications": """id {serial}, client_id text NOT NULL, client_secret text NOT NULL,
        client_name text NOT NULL, description text, user_id text NOT NULL, scopes text NOT NULL,
        grant_types text NOT NULL, redirect_uris json, client_type text NOT NULL,
        enable_device_flow {bool} NOT NULL, enable_auth_code_flow {bool} NOT NULL,
        enable_client_credentials_flow {bool} NOT NULL, status text NOT NULL,
        token_profile text NOT NULL, project text, service_account text, created_by text,
        created_at {time}, updated_at {time}""",
    "user_authorizations": """id {serial}, uuid text NOT NULL, user_id text NOT NULL,
        application_id bigint NOT NULL, client_id text NOT NULL, scopes text NOT NULL,
        granted_at {time}, revoked_at {time}, is_active {bool} NOT NULL, created_at {time},
        updated_at {time}""",
    "access_tokens": """id text PRIMARY KEY, token_hash text NOT NULL, token_type text NOT NULL,
        token_category text NOT NULL, status text NOT NULL, user_id text NOT NULL,
        client_id text NOT NULL, scopes text NOT NULL, expires_at {time}, created_at {time},
        last_used_at {time}, parent_token_id text, token_family_id text NOT NULL,
        authorization_id bigint""",
    "oauth_connections": """id text PRIMARY KEY, user_id text NOT NULL, provider text NOT NULL,
        provider_user_id text NOT NULL, provider_username text, provider_email text,
        avatar_url text, access_token text, refresh_token text, token_expiry {time},
        last_used_at {time}, created_at {time}, updated_at {time}""",
    "audit_logs": "id text PRIMARY KEY, event_type text NOT NULL",
}
_KINDS = {
    "sqlite": {"bool": "numeric", "time": "datetime", "serial": "integer PRIMARY KEY"},
    "postgres": {"bool": "boolean", "time": "timestamptz", "serial": "bigserial PRIMARY KEY"},
}


def _user(number: str, name: str, email: str, **more: Any) -> dict[str, Any]:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    return {
        "id": number, "username": name, "email": email, "password_hash": hashed, "role": "user",
        "full_name": name.title(), "avatar_url": "", "is_active": True, "email_verified": True,
        "auth_source": "local", "created_at": _MADE, "updated_at": _LATER,
    } | more  # fmt: skip


def _client(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    hashed = bcrypt.hashpw(SECRET.encode(), bcrypt.gensalt(4)).decode()
    return {
        "id": number, "client_id": client_id, "client_secret": hashed, "client_name": client_id,
        "description": "", "user_id": ADA, "scopes": "email profile openid",
        "grant_types": "device_code", "redirect_uris": "[]", "client_type": "confidential",
        "enable_device_flow": False, "enable_auth_code_flow": False,
        "enable_client_credentials_flow": False, "status": "active", "token_profile": "standard",
        "created_at": _MADE, "updated_at": _MADE,
    } | more  # fmt: skip


def _token(number: int, token: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"5f37fbe1-6c5b-4bec-a8c2-f0811436900{number}",
        "token_hash": hashlib.sha256(token.encode()).hexdigest(), "token_type": "Bearer",
        "token_category": "refresh", "status": "active", "user_id": BOB, "client_id": CONSOLE,
        "scopes": "openid email", "expires_at": _NEVER, "created_at": _MADE,
        "token_family_id": "", "authorization_id": 1,
    } | more  # fmt: skip


ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        _user(ADA, "ada", "ada@acme.example", role="admin"),
        _user(BOB, "bob", "bob@acme.example"),
        _user(EVE, "eve", "Ada@Acme.example", role="admin", is_active=False),
        _user("5f37fbe1-6c5b-4bec-a8c2-f08114368004", "BOB", "other@acme.example"),
        _user("not a uuid", "mallory", "mallory@acme.example"),
    ],
    "oauth_applications": [
        _client(1, MACHINE, enable_client_credentials_flow=True),
        _client(
            2,
            CONSOLE,
            enable_auth_code_flow=True,
            redirect_uris='["https://console.example/callback", "http://intranet/callback"]',
        ),
        _client(3, CLI, client_type="public", enable_device_flow=True, token_profile="long"),
    ],
    "user_authorizations": [
        {
            "id": 1, "uuid": "5f37fbe1-6c5b-4bec-a8c2-f08114367001", "user_id": BOB,
            "application_id": 2, "client_id": CONSOLE, "scopes": "openid email",
            "granted_at": _MADE, "is_active": True, "created_at": _MADE, "updated_at": _LATER,
        },
    ],
    "access_tokens": [
        _token(1, REFRESH_TOKEN),
        _token(2, "ended", status="revoked"),
        _token(3, "a JWT", token_category="access"),
        _token(4, "a stranger's", user_id="5f37fbe1-6c5b-4bec-a8c2-f08114368004"),
    ],
    "oauth_connections": [
        {
            "id": "5f37fbe1-6c5b-4bec-a8c2-f08114366001", "user_id": ADA, "provider": "github",
            "provider_user_id": "4711", "provider_username": "ada", "last_used_at": _LATER,
            "created_at": _MADE,
        },
    ],
    "audit_logs": [{"id": "1", "event_type": "LOGOUT"}],
}  # fmt: skip


def on_sqlite(file: Path) -> str:
    """Make it as a file."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({columns.format(**_KINDS['sqlite'])})")
            for row in ROWS[table]:
                _insert(connection, table, row)
    return str(file)


def add(file: str, table: str, **values: Any) -> None:
    """Somebody or something new there: as its first row, but for these values and the time."""
    row = ROWS[table][0] | values | {"created_at": datetime.now(UTC).isoformat(" ")}
    with closing(sqlite3.connect(file)) as connection, connection:
        _insert(connection, table, row)


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" for _ in row)
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608
    connection.execute(statement, list(row.values()))


async def on_postgres(dsn: str) -> str:
    """Make it in an empty database of PostgreSQL."""
    connection = await asyncpg.connect(dsn)
    try:
        for table, columns in _TABLES.items():
            await connection.execute(
                f"CREATE TABLE {table} ({columns.format(**_KINDS['postgres'])})"
            )
            for row in ROWS[table]:
                values = ", ".join(_literal(each) for each in row.values())
                await connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608
                )
    finally:
        await connection.close()
    return dsn


def _literal(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
