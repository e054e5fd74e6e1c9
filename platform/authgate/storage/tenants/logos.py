"""Logos of tenants, by what is in them: an address that names one names it for ever."""

import base64
from hashlib import sha256
from typing import NamedTuple

from tortoise import fields

from authgate.clock import utc_now
from authgate_tenants import TenantOwned

MOST = 50
"""Logos of a tenant; the oldest that is not in use goes when there is one more."""


class LogoRow(TenantOwned):
    """A logo as it is stored."""

    digest = fields.CharField(32)
    width = fields.IntField()
    height = fields.IntField()
    image = fields.TextField()
    """A PNG, in base64."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "tenant_logos"
        unique_together = (("tenant_id", "digest"),)


class Logo(NamedTuple):
    """A picture that was made here, from one that somebody brought."""

    png: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        """By what it is known."""
        return sha256(self.png).hexdigest()[:32]


async def store(logo: Logo, *, used: str) -> None:
    """Keep a logo, in the open unit of work; ``used`` is the one that is in use."""
    if await has(logo.digest):
        return
    await LogoRow.create(
        digest=logo.digest,
        width=logo.width,
        height=logo.height,
        image=base64.b64encode(logo.png).decode(),
        created_at=utc_now(),
    )
    kept = {used, logo.digest} - {""}
    others = LogoRow.exclude(digest__in=kept).order_by("-created_at")
    too_many = await others.offset(MOST - len(kept)).limit(MOST).only("id")
    await LogoRow.filter(id__in=[each.id for each in too_many]).delete()


async def has(digest: str) -> bool:
    """Whether the tenant has this logo."""
    return await LogoRow.filter(digest=digest).exists()


async def png(digest: str) -> bytes | None:
    """The picture; ``None`` where the tenant has none of this name."""
    row = await LogoRow.get_or_none(digest=digest)
    return None if row is None else base64.b64decode(row.image)
