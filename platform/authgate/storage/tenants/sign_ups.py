"""Tenants that somebody wants to begin: kept with the operators until their address is proven.

The id becomes the tenant's, so what was wanted once is there once, however often it is confirmed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned

KEPT = timedelta(days=1)
"""For how long somebody may take who signed up by themselves."""

INVITED = timedelta(days=7)
"""And whoever was invited."""

_LONGEST = 128


class SignUpRow(TenantOwned):
    """A tenant that is wanted, of whose link only a hash is here."""

    token_hash = fields.BinaryField()
    email = fields.CharField(254)
    name = fields.CharField(100, default="")
    slug = fields.CharField(63, default="")
    invited_by = fields.CharField(160, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_ups"
        unique_together = (("tenant_id", "token_hash"), ("tenant_id", "id"))
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class SignUp:
    """A tenant that is wanted."""

    id: UUID
    email: str
    name: str
    """Empty where whoever was invited is to choose it."""
    slug: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    is_finished: bool

    @classmethod
    def from_row(cls, row: SignUpRow) -> Self:
        """The value of a stored row."""
        return cls(
            row.id,
            row.email,
            row.name,
            row.slug,
            row.invited_by,
            row.created_at,
            row.expires_at,
            row.finished_at is not None,
        )


async def begin(
    *, email: str, name: str = "", slug: str = "", invited_by: str = "", now: datetime
) -> tuple[str, SignUp]:
    """What the link in the mail carries (256 random bits), and what is kept."""
    token = new_secret()
    row = await SignUpRow.create(
        id=uuid7(),
        token_hash=hashed(token),
        email=email,
        name=name,
        slug=slug,
        invited_by=invited_by,
        created_at=now,
        expires_at=now + (INVITED if invited_by else KEPT),
    )
    return token, SignUp.from_row(row)


async def find(token: str, *, now: datetime) -> SignUp | None:
    """What this link is for, while it is good."""
    if len(token) > _LONGEST:
        return None
    row = await SignUpRow.get_or_none(token_hash=hashed(token), expires_at__gt=now)
    return SignUp.from_row(row) if row else None


async def finish(sign_up_id: UUID, *, now: datetime) -> bool:
    """Note that the tenant is there; ``False`` where that was noted before."""
    return await SignUpRow.filter(id=sign_up_id, finished_at=None).update(finished_at=now) == 1


async def waiting(*, now: datetime, limit: int) -> list[SignUp]:
    """The invitations that nobody has followed yet, the newest first."""
    rows = SignUpRow.filter(expires_at__gt=now, finished_at=None).exclude(invited_by="")
    return [SignUp.from_row(row) for row in await rows.order_by("-id").limit(limit)]


async def withdraw(sign_up_id: UUID) -> bool:
    """Take an invitation back; ``False`` where there is none with this id, or it was followed."""
    rows = SignUpRow.filter(id=sign_up_id, finished_at=None).exclude(invited_by="")
    return await rows.delete() == 1
