"""The log as it is, read in the order of its places: for whoever checks it."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self
from uuid import UUID

from tortoise import connections

from authgate.storage import connection
from authgate.storage.audit.leaves import COLUMNS, Sealable
from authgate_tenants import current_tenant

SEALED_COLUMNS = (*COLUMNS, "seq", "salt", "commitment", "erased_at")

_SEALED = {
    dialect: (
        f"SELECT {', '.join(SEALED_COLUMNS)}"  # noqa: S608 - our own names
        f" FROM audit_events WHERE tenant_id = {tenant} AND seq IS NOT NULL AND seq > {after}"
        f" ORDER BY seq LIMIT {limit}"
    )
    for dialect, tenant, after, limit in (
        ("postgres", "$1", "$2", "$3"),
        ("sqlite", "?", "?", "?"),
    )
}


class SealedEvent(NamedTuple):
    """An event with its place, as it is stored."""

    seq: int
    event: Sealable
    salt: bytes | None
    commitment: bytes
    is_erased: bool
    """Whether what told of a person was emptied."""

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """The event of a row: ``SEALED_COLUMNS`` in their order, binary values as bytes."""
        *event, seq, salt, commitment, erased_at = values
        return cls(seq, Sealable.of(event), salt, commitment or b"", erased_at is not None)


async def following(seq: int, *, limit: int) -> Sequence[SealedEvent]:
    """The current tenant's next events, those behind this place."""
    dialect, tenant_id = connection.dialect(), current_tenant().id
    tenant: UUID | str = str(tenant_id) if dialect == "sqlite" else tenant_id
    _, rows = await connections.get("default").execute_query(_SEALED[dialect], [tenant, seq, limit])
    return [SealedEvent.of(tuple(row)) for row in rows]
