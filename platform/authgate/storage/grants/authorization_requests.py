"""Authorization requests: kept from first sight until they are answered, and never changed.

The browser carries a handle and nothing else of it, so no page, no sign-in and no other provider on
the way can alter what was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from authgate.storage.clients import ids
from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned


class AuthorizationRequestRow(TenantOwned):
    """A request that was found to be in order. Of its handle only a hash is here."""

    handle_hash = fields.BinaryField()
    client_id = fields.CharField(ids.LONGEST)
    parameters: dict[str, Any] = fields.JSONField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "authorization_requests"
        unique_together = (("tenant_id", "handle_hash"), ("tenant_id", "id"))
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that nobody has answered."""

    id: UUID
    client_id: str
    parameters: Mapping[str, Any]
    created_at: datetime


def _hash_pushed(reference: str) -> bytes:
    # No handle: who has seen a reference cannot go on with the request that it stands for.
    return hashed(f"pushed {reference}")


async def keep(
    *, client_id: str, parameters: Mapping[str, Any], now: datetime, expires_at: datetime
) -> str:
    """Store a request; the handle (256 random bits) that the browser carries."""
    handle = new_secret()
    await _store(hashed(handle), client_id, parameters, now, expires_at)
    return handle


async def push(
    *, client_id: str, parameters: Mapping[str, Any], now: datetime, expires_at: datetime
) -> str:
    """Store a request that a client has sent itself; its reference (256 random bits)."""
    reference = new_secret()
    await _store(_hash_pushed(reference), client_id, parameters, now, expires_at)
    return reference


async def take(reference: str, *, client_id: str, now: datetime) -> Mapping[str, Any] | None:
    """The request that this client has pushed; of takers that come together one gets it."""
    pushed = AuthorizationRequestRow.filter(
        handle_hash=_hash_pushed(reference),
        client_id=client_id,
        answered_at=None,
        expires_at__gt=now,
    )
    row = await pushed.get_or_none()
    if row is None or await pushed.update(answered_at=now) != 1:
        return None
    return row.parameters


async def _store(
    handle_hash: bytes,
    client_id: str,
    parameters: Mapping[str, Any],
    now: datetime,
    expires_at: datetime,
) -> None:
    await AuthorizationRequestRow.create(
        handle_hash=handle_hash,
        client_id=client_id,
        parameters=dict(parameters),
        created_at=now,
        expires_at=expires_at,
    )


async def find(handle: str, *, now: datetime) -> Waiting | None:
    """The request with this handle, if it still waits for an answer."""
    row = await AuthorizationRequestRow.get_or_none(
        handle_hash=hashed(handle), answered_at=None, expires_at__gt=now
    )
    if row is None:
        return None
    return Waiting(row.id, row.client_id, row.parameters, row.created_at)


async def answer(request_id: UUID, *, now: datetime) -> bool:
    """Take the one answer that a request gets; ``False`` if it has got it."""
    changed = await AuthorizationRequestRow.filter(
        id=request_id, answered_at=None, expires_at__gt=now
    ).update(answered_at=now)
    return changed == 1
