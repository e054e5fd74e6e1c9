"""Requests that may be sent again without being done again, and what they were answered.

An answer may hold a secret that is shown once: whoever stores one seals it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid4

from authgate.storage.unit_of_work import transaction
from authgate_tenants import TenantOwned

KEPT = timedelta(hours=24)
"""How long an answer is given again."""

_IN_FLIGHT = timedelta(minutes=1)
"""After this, whoever was answering is taken for dead."""


class IdempotentRequest(TenantOwned):
    """A request with an ``Idempotency-Key``, of which only a hash is here."""

    key_hash = fields.BinaryField()
    fingerprint = fields.BinaryField()
    attempt = fields.UUIDField()
    begun_at = fields.DatetimeField()
    answer = fields.BinaryField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "idempotent_requests"
        unique_together = (("tenant_id", "key_hash"), ("tenant_id", "id"))
        indexes = (("expires_at",),)


class Found(NamedTuple):
    """What is known of a key."""

    id: UUID
    is_ours: bool
    """Whether whoever asked is to do it now."""
    attempt: UUID
    fingerprint: bytes
    """Of the request that the key came with first."""
    answer: bytes | None
    """As it was stored; ``None`` while it is being made."""


async def begin(key_hash: bytes, fingerprint: bytes, *, now: datetime) -> Found:
    """Take a request upon oneself; of those that come together one is told to do it."""
    attempt = uuid4()
    async with transaction():
        row, is_new = await IdempotentRequest.get_or_create(
            key_hash=key_hash,
            defaults={
                "fingerprint": fingerprint,
                "attempt": attempt,
                "begun_at": now,
                "expires_at": now + KEPT,
            },
        )
        is_ours = is_new or await _taken_over(row, fingerprint, attempt, now)
    if is_ours:
        return Found(row.id, True, attempt, fingerprint, None)
    answer = bytes(row.answer) if row.answer is not None else None
    return Found(row.id, False, row.attempt, bytes(row.fingerprint), answer)


async def finish(found: Found, answer: bytes) -> bool:
    """Store the answer; ``False`` where somebody else has taken the request over."""
    ours = IdempotentRequest.filter(id=found.id, attempt=found.attempt, answer=None)
    return await ours.update(answer=answer) == 1


async def give_up(found: Found) -> None:
    """Let the key be free: nothing was done."""
    await IdempotentRequest.filter(id=found.id, attempt=found.attempt, answer=None).delete()


async def _taken_over(
    row: IdempotentRequest, fingerprint: bytes, attempt: UUID, now: datetime
) -> bool:
    """Whether nobody answers it any more, or what was answered is over."""
    if row.expires_at > now and (row.answer is not None or row.begun_at > now - _IN_FLIGHT):
        return False
    left = IdempotentRequest.filter(id=row.id, attempt=row.attempt)
    taken = await left.update(
        fingerprint=fingerprint, attempt=attempt, begun_at=now, answer=None, expires_at=now + KEPT
    )
    return taken == 1
