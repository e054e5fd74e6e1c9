"""How often a wrong password was tried for an account, known or not: at each place, and everywhere.

The counts are in the database, not in Redis, because nobody may reset them by flushing a cache. An
attempt is counted *before* the password is looked at, by one statement for each count, so of
guesses that arrive together no more than the limit are looked at.

Whoever guesses at one place makes nobody wait elsewhere: what is heard from there ends before the
count of all places begins to matter.
"""

import hashlib
import unicodedata
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple
from uuid import UUID

from tortoise import connections, fields
from tortoise.expressions import F, Q
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate_tenants import TenantOwned, current_tenant

_SHORT_WAIT = timedelta(minutes=1)
_LONG_WAIT = timedelta(minutes=15)
FOR_GOOD = timedelta(days=36500)
"""Until somebody opens the account."""


class Bounds(NamedTuple):
    """How many attempts in a row are heard, and when."""

    free: int
    """From then on each is followed by a minute's wait."""
    patient: int
    """From then on by a quarter of an hour's."""
    last: int
    """From then on nobody is heard."""
    closed: timedelta
    """For so long."""


AT_ONE_PLACE = Bounds(5, 10, 20, timedelta(days=1))
"""Of an account, from one network: less than what makes others wait."""

EVERYWHERE = Bounds(25, 35, 50, FOR_GOOD)
"""Of an account, from all of them together. A person's name and address are counted apart, so
together they stay within a hundred (NIST SP 800-63B-4 section 3.2.2)."""

BY_ITSELF = Bounds(5, 10, 50, FOR_GOOD)
"""Of what has one place only: a browser that is known, say."""


class Tries(NamedTuple):
    """How many attempts there have been in a row, the one that is about to be made among them."""

    here: int
    everywhere: int


class LoginFailure(TenantOwned):
    """The consecutive failures of one account, everywhere or at one place."""

    account_hash = fields.BinaryField()
    """Of the account, or of the account and the place."""
    place_of = fields.BinaryField(null=True)
    """The hash of the account alone, where this counts one place."""
    failures = fields.IntField()
    last_attempt_at = fields.DatetimeField()
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "login_failures"
        unique_together = (("tenant_id", "account_hash"),)
        indexes = (("last_attempt_at",), ("tenant_id", "place_of"))


_COUNT = """
INSERT INTO login_failures
  (id, tenant_id, account_hash, place_of, failures, last_attempt_at, locked_until)
VALUES ({0}, {1}, {2}, {3}, 1, {4}, NULL)
ON CONFLICT (tenant_id, account_hash) DO UPDATE SET
  failures = login_failures.failures + 1,
  last_attempt_at = excluded.last_attempt_at,
  locked_until = CASE
    WHEN login_failures.failures + 1 >= {5} THEN {6}
    WHEN login_failures.failures + 1 >= {7} THEN {8}
    WHEN login_failures.failures + 1 >= {9} THEN {10}
  END
WHERE login_failures.locked_until IS NULL OR login_failures.locked_until <= excluded.last_attempt_at
RETURNING failures
"""


async def count_attempt(
    account: str, *, now: datetime, longest: timedelta = FOR_GOOD
) -> int | None:
    """Count an attempt that is about to be made for what has one place only.

    Answers how many there have been in a row, or ``None`` while nobody is heard: so long where it
    is closed.
    """
    return await _counted(_hash(account), None, BY_ITSELF._replace(closed=longest), now)


async def count_attempt_at(
    account: str, place: str, *, now: datetime, longest: timedelta = FOR_GOOD
) -> Tries | None:
    """Count an attempt that is about to be made for an account, by its canonical name, at a place;
    at none for a browser that is known for the account.

    Answers ``None`` while the account has to wait there, or everywhere: so long where it is closed.
    """
    if not place:
        alone = await count_attempt(account, now=now, longest=longest)
        return Tries(alone, 0) if alone is not None else None
    of_all = _hash(account)
    # First here: who is heard here no longer makes nobody wait elsewhere.
    here = await _counted(_hash_at(account, place), of_all, AT_ONE_PLACE, now)
    bounds = EVERYWHERE._replace(closed=longest)
    everywhere = await _counted(of_all, None, bounds, now) if here is not None else None
    return None if here is None or everywhere is None else Tries(here, everywhere)


async def _counted(key: bytes, place_of: bytes | None, bounds: Bounds, now: datetime) -> int | None:
    values = (
        uuid7(),
        current_tenant().id,
        key,
        place_of,
        now,
        bounds.last,
        now + bounds.closed,
        bounds.patient,
        now + _LONG_WAIT,
        bounds.free,
        now + _SHORT_WAIT,
    )
    dialect = connection.dialect()
    marks = _POSTGRES_MARKS if dialect == "postgres" else _SQLITE_MARKS
    rows = await connections.get("default").execute_query_dict(
        _COUNT.format(*marks), encoded(values, dialect)
    )
    return int(rows[0]["failures"]) if rows else None


def account_at(connection_id: UUID, login: str) -> str:
    """What wrong passwords are counted under that are tried for a name at a directory.

    Directories take many spellings for one name, letters without their marks among them: whoever
    guesses has no count for each.
    """
    letters = unicodedata.normalize("NFKD", login).casefold()
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return f"{connection_id}\0{' '.join(plain.split())}"


async def withdraw(account: str, place: str = "") -> None:
    """An attempt that was counted was not made: nobody could look at the password."""
    for key, bounds in (
        (_hash(account), EVERYWHERE if place else BY_ITSELF),
        (_hash_at(account, place), AT_ONE_PLACE),
    ):
        counted = LoginFailure.filter(account_hash=key, failures__gt=0)
        await counted.update(failures=F("failures") - 1)
        # What it made others wait for is gone with it, and no other wait.
        await LoginFailure.filter(account_hash=key, failures__lt=bounds.free).update(
            locked_until=None
        )


async def seconds_to_wait(account: str, place: str = "", *, now: datetime) -> int:
    """How long the account has to wait there; a day where it is closed."""
    hashes = [_hash(account), _hash_at(account, place)]
    rows = await LoginFailure.filter(account_hash__in=hashes).only("id", "locked_until")
    ends = [row.locked_until for row in rows if row.locked_until is not None]
    left = min(max(ends, default=now) - now, timedelta(days=1))
    return max(1, ceil(left.total_seconds()))


async def forget(account: str, place: str = "") -> None:
    """The account's owner has signed in there."""
    hashes = [_hash(account), _hash_at(account, place)]
    await LoginFailure.filter(account_hash__in=hashes).delete()


async def reopen(account: str) -> None:
    """Let the account be tried anew from everywhere: its owner has proven themselves otherwise, or
    an administrator wants it."""
    key = _hash(account)
    await LoginFailure.filter(Q(account_hash=key) | Q(place_of=key)).delete()


def _hash(account: str) -> bytes:
    return hashlib.sha256(account.encode()).digest()


def _hash_at(account: str, place: str) -> bytes:
    return _hash(f"{account}\0at\0{place}")


_CASTS = ("uuid", "uuid", "bytea", "bytea", "timestamptz") + ("int", "timestamptz") * 3
_POSTGRES_MARKS = tuple(f"${n}::{cast}" for n, cast in enumerate(_CASTS, 1))
_SQLITE_MARKS = tuple(f"?{n}" for n in range(1, len(_CASTS) + 1))
