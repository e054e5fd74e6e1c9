"""What a person has allowed an application, put into AuthGate's database as if at the pages."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from bench.scenarios.application import CHALLENGE, SCOPE
from bench.site import Credentials

REDIRECT_URI = "https://application.bench.example/callback"

_AT_ONCE = 250
_CODES = """
INSERT INTO authorization_codes (id, tenant_id, code_hash, client_id, user_id, session_id,
  redirect_uri, redirect_uri_given, scope, nonce, code_challenge, authentication, created_at,
  expires_at)
SELECT given.column1, tenant_id, given.column3, {client_id}, user_id, id, {redirect_uri}, true,
  {scope}, 'n', {challenge}, {authentication}, {now}, {soon}
FROM (SELECT * FROM browser_sessions ORDER BY id DESC LIMIT 1) AS signed_in,
  (VALUES {given}) AS given
"""
_REFRESH_TOKENS = """
INSERT INTO refresh_tokens (id, tenant_id, family_id, token_hash, status, client_id, user_id,
  scope, grant_type, authentication, created_at, expires_at, ends_at)
SELECT given.column1, tenant_id, given.column2, given.column3, 'active', {client_id}, id, {scope},
  'authorization_code', {authentication}, {now}, {soon}, {soon}
FROM (SELECT * FROM users LIMIT 1) AS person, (VALUES {given}) AS given
"""


class Database(Protocol):
    """Where they are put."""

    @property
    def is_sqlite(self) -> bool:
        """Which way bytes are written."""

    def execute(self, statement: str) -> str:
        """Run a statement past the walls."""


def codes(database: Database, client: Credentials, how_many: int) -> Sequence[str]:
    """So many authorization codes of a person who is signed in at one browser."""
    return _put(database, client, _CODES, [secrets.token_urlsafe(32) for _ in range(how_many)])


def refresh_tokens(database: Database, client: Credentials, how_many: int) -> Sequence[str]:
    """So many refresh tokens, each of a family of its own."""
    tokens = [f"agrt_{secrets.token_urlsafe(32)}" for _ in range(how_many)]
    return _put(database, client, _REFRESH_TOKENS, tokens)


def _put(
    database: Database, client: Credentials, statement: str, texts: Sequence[str]
) -> Sequence[str]:
    now = datetime.now(UTC)
    authentication = {"at": int(now.timestamp()), "amr": ["pwd"], "sid": ""}
    same = {
        "client_id": _text(client.client_id),
        "redirect_uri": _text(REDIRECT_URI),
        "scope": _text(SCOPE),
        "challenge": _text(CHALLENGE),
        "authentication": _text(json.dumps(authentication)),
        "now": _moment(now, database),
        "soon": _moment(now + timedelta(hours=1), database),
    }
    for begin in range(0, len(texts), _AT_ONCE):
        given = ", ".join(_row(each, database) for each in texts[begin : begin + _AT_ONCE])
        database.execute(statement.format(**same, given=given))
    database.execute("ANALYZE")  # as the database does by itself, a minute after so many rows
    return texts


def _row(text: str, database: Database) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    row_id, family = (_text(str(uuid4())) for _ in range(2))
    if database.is_sqlite:
        return f"({row_id}, {family}, X'{digest}')"
    return f"({row_id}::uuid, {family}::uuid, '\\x{digest}'::bytea)"


def _moment(moment: datetime, database: Database) -> str:
    return _text(str(moment)) if database.is_sqlite else f"{_text(str(moment))}::timestamptz"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
