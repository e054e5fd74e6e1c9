"""Which hashes are stored that are not as those made today: of people who came from elsewhere."""

from collections.abc import Callable
from typing import Final

from tortoise import connections

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate_tenants import current_tenant

TODAYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$"
"""How those begin that are made here. The index has the others alone."""

_OTHER: Final = f"substr(password_hash, 1, {len(TODAYS)}) <> '{TODAYS}'"
"""As the index has it: a database takes no parameter for the same."""
_NEXT: Final = (
    "SELECT password_hash FROM users WHERE tenant_id = {0} AND {3}"
    " AND password_hash{1} > {2} ORDER BY password_hash{1} LIMIT 1"
)
_STATEMENTS: Final = {
    "postgres": _NEXT.format("$1", ' COLLATE "C"', "$2", _OTHER),
    "sqlite": _NEXT.format("?", "", "?", _OTHER),
}
_MOST = 16


async def examples(end_of: Callable[[str], str]) -> list[str]:
    """One hash of each kind, if any are there; ``end_of`` says what is above all of a hash's kind
    and of no other. As many rows are looked at as there are kinds."""
    dialect, after = connection.dialect(), ""
    found: list[str] = []
    while len(found) < _MOST:
        values = encoded((current_tenant().id, after), dialect)
        statement = _STATEMENTS[dialect]
        rows = await connections.get("default").execute_query_dict(statement, values)
        if not rows:
            break
        found.append(rows[0]["password_hash"])
        after = end_of(found[-1])
    return found
