"""What the server remembers: one module per table, which holds the row and every query on it.

``opened`` connects; ``transaction`` is the unit of work of a request or job. Nothing outside of
this room and the tenants' speaks to a database or to Redis. Tables lie in inner rooms by what they
are about; ``postgres``, ``sqlite``, ``redis`` and ``batches`` know no tables.
"""

from authgate.storage.connection import append, dialect, opened, redeem
from authgate.storage.database import StorageUnavailable, is_outage
from authgate.storage.postgres.client import follow_scope
from authgate.storage.unit_of_work import (
    Unit,
    after_commit,
    in_transaction,
    savepoint,
    set_aside,
    transaction,
)

__all__ = [
    "StorageUnavailable",
    "Unit",
    "after_commit",
    "append",
    "dialect",
    "follow_scope",
    "in_transaction",
    "is_outage",
    "opened",
    "redeem",
    "savepoint",
    "set_aside",
    "transaction",
]
