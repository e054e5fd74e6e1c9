"""The form in which events are sealed: the same on each database, and in a file.

What tells of a person is in a salted commitment, so that it can be emptied later and cannot be
guessed; all else is a leaf of a Merkle tree (RFC 6962 section 2.1), with the commitment. What is
hashed is an array of JSON, without spaces and with the members of objects in order.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from authgate.storage import connection

SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

_LEAF, _NODE = b"\0", b"\1"
_BEGINNING = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sealable(NamedTuple):
    """An event, in values that are the same wherever it is stored; the columns in their order."""

    id: str
    event_type: str
    severity: str
    occurred_at: int
    """In microseconds of Unix time."""
    success: bool
    actor_type: str
    actor_id: str
    client_id: str
    resource_type: str
    resource_id: str
    request_id: str
    session_id: str
    actor_name: str
    ip: str
    user_agent: str
    details: Any

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Sealable":
        """The event of a row: its columns in their order, as a driver or a file has them."""
        event_id, event_type, severity, occurred_at, success, *others, details = values
        at, said = _moment(occurred_at), _details(details)
        return cls._make((str(event_id), event_type, severity, at, bool(success), *others, said))

    def commitment(self, salt: bytes) -> bytes:
        """To what tells of a person."""
        said = orjson.dumps(self[_PERSONAL:], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(salt + said).digest()

    def leaf(self, commitment: bytes) -> bytes:
        """The hash of all of it."""
        return hashlib.sha256(_LEAF + orjson.dumps(self[:_PERSONAL]) + commitment).digest()


_PERSONAL: Final = Sealable._fields.index("actor_name")
COLUMNS: Final = Sealable._fields


def micros(moment: datetime) -> int:
    """A moment in microseconds of Unix time."""
    return (moment - _BEGINNING) // _MICROSECOND


def _moment(value: Any) -> Any:
    try:
        return micros(connection.moment(value))
    except (ValueError, TypeError):
        return value  # somebody has written there what is none


def _details(value: Any) -> Any:
    try:
        return orjson.loads(value) if isinstance(value, str | bytes) else value
    except orjson.JSONDecodeError:
        return value  # as above


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the Merkle tree over these leaves, of which there is one at least."""
    level = list(leaves)
    while len(level) > 1:
        nodes = [
            hashlib.sha256(_NODE + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        # The one without a neighbour is a node of the next level itself.
        level = nodes + level[len(nodes) * 2 :]
    return level[0]
