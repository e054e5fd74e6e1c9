"""Passkeys (WebAuthn): keys of which people's devices keep the private half."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError

from authgate_tenants import TenantOwned

LONGEST_NAME = 60
MOST = 20
"""Passkeys that a person has at once."""


class PasskeyRow(TenantOwned):
    """A passkey of one person. The user handle tells a device whose it is, and nobody else."""

    user_id = fields.UUIDField()
    user_handle = fields.BinaryField()
    credential_id = fields.BinaryField()
    public_key = fields.BinaryField()
    rp_id = fields.CharField(253)
    sign_count = fields.BigIntField()
    transports: list[str] = fields.JSONField()
    backed_up = fields.BooleanField()
    name = fields.CharField(LONGEST_NAME)
    aaguid = fields.CharField(36, default="", db_default="")
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "passkeys"
        unique_together = (("tenant_id", "credential_id"), ("tenant_id", "id"))
        indexes = (("tenant_id", "user_id"),)


class Passkey(NamedTuple):
    """A passkey as whoever asks for one sees it."""

    id: UUID
    user_id: UUID
    user_handle: bytes
    credential_id: bytes
    public_key: bytes
    rp_id: str
    sign_count: int
    transports: Sequence[str]
    backed_up: bool
    """Whether its device keeps it elsewhere as well, as those that are synced do."""
    name: str
    aaguid: str
    """What made it (WebAuthn section 6.5.1), as it says itself and nobody vouches for."""
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def from_row(cls, row: PasskeyRow) -> Self:
        """The value of a stored row."""
        return cls(*[_plain(getattr(row, name)) for name in cls._fields])


class PasskeyTaken(ValueError):
    """This credential is somebody's already, or the person has as many as one can."""


async def add(made: Passkey) -> None:
    """Store a passkey. Raises ``PasskeyTaken``."""
    if await PasskeyRow.filter(user_id=made.user_id).count() >= MOST:
        raise PasskeyTaken
    try:
        await PasskeyRow.create(**{**made._asdict(), "transports": list(made.transports)})
    except IntegrityError as error:
        raise PasskeyTaken from error


async def find(credential_id: bytes) -> Passkey | None:
    """The tenant's passkey with this id."""
    row = await PasskeyRow.get_or_none(credential_id=credential_id)
    return Passkey.from_row(row) if row else None


async def of(user_id: UUID) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    rows = await PasskeyRow.filter(user_id=user_id).order_by("id")
    return [Passkey.from_row(row) for row in rows]


async def exist(user_id: UUID) -> bool:
    """Whether this person has any."""
    return await PasskeyRow.filter(user_id=user_id).exists()


async def any_exist(rp_id: str) -> bool:
    """Whether anybody of the tenant has one that is good at this relying party."""
    return await PasskeyRow.filter(rp_id=rp_id).exists()


async def use(passkey: Passkey, *, sign_count: int, now: datetime) -> bool:
    """Note a use; ``False`` where somebody else was quicker with the counter that was compared."""
    unused = PasskeyRow.filter(id=passkey.id, sign_count=passkey.sign_count)
    return await unused.update(sign_count=sign_count, last_used_at=now) == 1


async def rename(passkey_id: UUID, name: str, *, user_id: UUID) -> str | None:
    """Call a passkey of a person otherwise; what it was called. ``None`` where it is not theirs."""
    row = await PasskeyRow.get_or_none(id=passkey_id, user_id=user_id)
    if row is None:
        return None
    await PasskeyRow.filter(id=passkey_id).update(name=name)
    return row.name


async def remove(passkey_id: UUID, *, user_id: UUID) -> bool:
    """Forget one passkey of a person; ``False`` where it is not theirs."""
    return await PasskeyRow.filter(id=passkey_id, user_id=user_id).delete() == 1


async def remove_all(user_id: UUID) -> int:
    """Forget all passkeys of a person; how many there were."""
    return await PasskeyRow.filter(user_id=user_id).delete()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview | bytearray) else value
