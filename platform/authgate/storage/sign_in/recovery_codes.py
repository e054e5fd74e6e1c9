"""Recovery codes: what a person signs in with who has lost their second factor. Once each."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tortoise import fields

from authgate_tenants import TenantOwned


class RecoveryCodeRow(TenantOwned):
    """A code, of which only a hash is here."""

    user_id = fields.UUIDField()
    code_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "recovery_codes"
        unique_together = (("tenant_id", "user_id", "code_hash"), ("tenant_id", "id"))


async def replace(user_id: UUID, hashes: Iterable[bytes], *, now: datetime) -> None:
    """Have a person's codes be these and no others."""
    await remove(user_id)
    for each in hashes:
        await RecoveryCodeRow.create(user_id=user_id, code_hash=each, created_at=now)


async def use(user_id: UUID, code_hash: bytes, *, now: datetime) -> bool:
    """Use a code up; ``False`` where there is none, or it was used already."""
    unused = RecoveryCodeRow.filter(user_id=user_id, code_hash=code_hash, used_at=None)
    return await unused.update(used_at=now) == 1


async def left(user_id: UUID) -> int:
    """How many of a person's codes are good."""
    return await RecoveryCodeRow.filter(user_id=user_id, used_at=None).count()


async def remove(user_id: UUID) -> None:
    """Forget all codes of a person."""
    await RecoveryCodeRow.filter(user_id=user_id).delete()
