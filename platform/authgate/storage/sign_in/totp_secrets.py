"""Authenticator apps: the secret that a person shares with theirs (RFC 6238)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise import fields

from authgate_tenants import TenantOwned


class TotpSecretRow(TenantOwned):
    """Of one person. The tenant's data key seals the secret."""

    user_id = fields.UUIDField()
    sealed_secret = fields.BinaryField()
    last_step = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "totp_secrets"
        unique_together = (("tenant_id", "user_id"), ("tenant_id", "id"))


class TotpSecret(NamedTuple):
    """What is stored of a person's app."""

    sealed: bytes
    created_at: datetime
    last_used_at: datetime | None


async def find(user_id: UUID) -> TotpSecret | None:
    """What this person has, if anything."""
    row = await TotpSecretRow.get_or_none(user_id=user_id)
    if row is None:
        return None
    return TotpSecret(bytes(row.sealed_secret), row.created_at, row.last_used_at)


async def exists(user_id: UUID) -> bool:
    """Whether this person has one."""
    return await TotpSecretRow.filter(user_id=user_id).exists()


async def replace(user_id: UUID, sealed: bytes, *, step: int, now: datetime) -> None:
    """Store a secret in the place of a former one; the code of this time step is used up.

    Needs a unit of work that holds the person.
    """
    await remove(user_id)
    await TotpSecretRow.create(
        user_id=user_id, sealed_secret=sealed, last_step=step, created_at=now, last_used_at=now
    )


async def use(user_id: UUID, *, step: int, now: datetime) -> bool:
    """Use up the code of a time step, and all before it; ``False`` where it was used already (RFC
    6238 section 5.2)."""
    unused = TotpSecretRow.filter(user_id=user_id, last_step__lt=step)
    return await unused.update(last_step=step, last_used_at=now) == 1


async def remove(user_id: UUID) -> bool:
    """Forget it; ``False`` where there was none."""
    return await TotpSecretRow.filter(user_id=user_id).delete() == 1
