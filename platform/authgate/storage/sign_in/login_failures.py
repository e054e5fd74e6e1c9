"""How often a wrong password was tried for an account, known or not.

The count is in the database, not in Redis, because nobody may reset it by flushing a cache. An
attempt is counted *before* the password is looked at, by one statement, so of guesses that arrive
together no more than the limit are looked at.
"""

import hashlib
from datetime import datetime, timedelta
from math import ceil

from tortoise import connections, fields
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate_tenants import TenantOwned, current_tenant

FREE_ATTEMPTS = 5
"""Attempts before the account has to wait."""

PATIENT_ATTEMPTS = 10
"""Attempts from which on the wait is long."""

CONSECUTIVE_LIMIT = 50
"""Attempts after which only an administrator opens the account. A person's name and address are
counted apart, so together they stay within a hundred (NIST SP 800-63B section 5.2.2)."""

_SHORT_WAIT = timedelta(minutes=1)
_LONG_WAIT = timedelta(minutes=15)
FOR_GOOD = timedelta(days=36500)
"""Until somebody opens the account."""


class LoginFailure(TenantOwned):
    """The consecutive failures of one account."""

    account_hash = fields.BinaryField()
    failures = fields.IntField()
    last_attempt_at = fields.DatetimeField()
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "login_failures"
        unique_together = (("tenant_id", "account_hash"),)
        indexes = (("last_attempt_at",),)


_COUNT = """
INSERT INTO login_failures (id, tenant_id, account_hash, failures, last_attempt_at, locked_until)
VALUES ({0}, {1}, {2}, 1, {3}, NULL)
ON CONFLICT (tenant_id, account_hash) DO UPDATE SET
  failures = login_failures.failures + 1,
  last_attempt_at = excluded.last_attempt_at,
  locked_until = CASE
    WHEN login_failures.failures + 1 >= {4} THEN {5}
    WHEN login_failures.failures + 1 >= {6} THEN {7}
    WHEN login_failures.failures + 1 >= {8} THEN {9}
  END
WHERE login_failures.locked_until IS NULL OR login_failures.locked_until <= excluded.last_attempt_at
RETURNING failures
"""


async def count_attempt(
    account: str, *, now: datetime, longest: timedelta = FOR_GOOD
) -> int | None:
    """Count an attempt that is about to be made, by the account's canonical name.

    Answers how many there have been in a row, or ``None`` while the account has to wait: so long
    where there have been ``CONSECUTIVE_LIMIT``.
    """
    values = (
        uuid7(),
        current_tenant().id,
        _hash(account),
        now,
        CONSECUTIVE_LIMIT,
        now + longest,
        PATIENT_ATTEMPTS,
        now + _LONG_WAIT,
        FREE_ATTEMPTS,
        now + _SHORT_WAIT,
    )
    dialect = connection.dialect()
    marks = _POSTGRES_MARKS if dialect == "postgres" else _SQLITE_MARKS
    rows = await connections.get("default").execute_query_dict(
        _COUNT.format(*marks), encoded(values, dialect)
    )
    return int(rows[0]["failures"]) if rows else None


async def seconds_to_wait(account: str, *, now: datetime) -> int:
    """How long the account has to wait; a day where only an administrator opens it."""
    row = await LoginFailure.get_or_none(account_hash=_hash(account))
    if row is None or row.locked_until is None:
        return 1
    left = min(row.locked_until - now, timedelta(days=1))
    return max(1, ceil(left.total_seconds()))


async def forget(account: str) -> None:
    """The account's owner has signed in, or an administrator has opened it."""
    await LoginFailure.filter(account_hash=_hash(account)).delete()


def _hash(account: str) -> bytes:
    return hashlib.sha256(account.encode()).digest()


_CASTS = ("uuid", "uuid", "bytea", "timestamptz", "int", "timestamptz") + (
    ("int", "timestamptz") * 2
)
_POSTGRES_MARKS = tuple(f"${n}::{cast}" for n, cast in enumerate(_CASTS, 1))
_SQLITE_MARKS = tuple(f"?{n}" for n in range(1, len(_CASTS) + 1))
