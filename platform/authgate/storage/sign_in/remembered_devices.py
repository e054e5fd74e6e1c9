"""Browsers that a person asked to be remembered in: they ask for no second factor there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned


class RememberedDeviceRow(TenantOwned):
    """A browser. Its cookie holds a key of which only the hash is here."""

    user_id = fields.UUIDField()
    key_hash = fields.BinaryField()
    password_mark = fields.BinaryField()
    ip = fields.CharField(45)
    user_agent = fields.CharField(512, default="")
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "remembered_devices"
        unique_together = (("tenant_id", "key_hash"), ("tenant_id", "id"))
        indexes = (("tenant_id", "user_id"), ("expires_at",))


class RememberedDevice(NamedTuple):
    """A browser as its person is told of it."""

    id: UUID
    ip: str
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Owner(NamedTuple):
    """Whose browsers: with another password none of them is remembered any more."""

    user_id: UUID
    password_mark: bytes


async def remember(
    owner: Owner, *, ip: str, user_agent: str, now: datetime, expires_at: datetime
) -> str:
    """Store a browser; its key (256 random bits) is returned once and never stored."""
    key = new_secret()
    await RememberedDeviceRow.create(
        user_id=owner.user_id,
        key_hash=hashed(key),
        password_mark=owner.password_mark,
        ip=ip,
        user_agent=user_agent[:512],
        created_at=now,
        last_used_at=now,
        expires_at=expires_at,
    )
    return key


async def use(key: str, owner: Owner, *, now: datetime) -> bool:
    """Note that a browser was here; ``False`` where it is not remembered for this person."""
    return await _of(owner, now).filter(key_hash=hashed(key)).update(last_used_at=now) == 1


async def live_of(owner: Owner, *, now: datetime) -> list[RememberedDevice]:
    """A person's remembered browsers, the one used last first."""
    rows = await _of(owner, now).order_by("-last_used_at")
    return [RememberedDevice(*[getattr(r, n) for n in RememberedDevice._fields]) for r in rows]


async def end(device_id: UUID, *, user_id: UUID) -> bool:
    """Forget one browser of a person; ``False`` where it is not theirs."""
    return await RememberedDeviceRow.filter(id=device_id, user_id=user_id).delete() == 1


async def end_all(user_id: UUID) -> int:
    """Forget all browsers of a person; how many there were."""
    return await RememberedDeviceRow.filter(user_id=user_id).delete()


def _of(owner: Owner, now: datetime) -> QuerySet[RememberedDeviceRow]:
    return RememberedDeviceRow.filter(
        user_id=owner.user_id, password_mark=owner.password_mark, expires_at__gt=now
    )
