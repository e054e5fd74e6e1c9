"""Links that were mailed to people, each good once and for a short time: who follows one has shown
that they read the mail of an address.

Of a link only a hash is here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate.storage.random_secrets import hashed, new_secret
from authgate.vocabulary import LinkPurpose
from authgate_tenants import TenantOwned

_LONGEST_TOKEN = 128


class MailedLinkRow(TenantOwned):
    """A link that waits to be followed."""

    token_hash = fields.BinaryField()
    purpose = fields.CharEnumField(LinkPurpose, max_length=16)
    user_id = fields.UUIDField(null=True)
    """Whose account it is about; none where there is nobody, or nobody yet."""
    email = fields.CharField(254, default="")
    """The address that it proves, where that is not the one of the account."""
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "mailed_links"
        unique_together = (("tenant_id", "token_hash"), ("tenant_id", "id"))
        indexes = (("tenant_id", "user_id"), ("expires_at",))


@dataclass(frozen=True, slots=True)
class MailedLink:
    """What a link is for."""

    id: UUID
    purpose: LinkPurpose
    user_id: UUID | None
    email: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def from_row(cls, row: MailedLinkRow) -> Self:
        """The value of a stored row."""
        return cls(row.id, row.purpose, row.user_id, row.email, row.created_at, row.expires_at)


async def add(
    purpose: LinkPurpose,
    *,
    user_id: UUID | None = None,
    email: str = "",
    good: timedelta,
    now: datetime,
) -> tuple[str, MailedLink]:
    """What the link carries (256 random bits), and what is kept of it."""
    token = new_secret()
    row = await MailedLinkRow.create(
        id=uuid7(),
        token_hash=hashed(token),
        purpose=purpose,
        user_id=user_id,
        email=email,
        created_at=now,
        expires_at=now + good,
    )
    return token, MailedLink.from_row(row)


async def find(token: str, purpose: LinkPurpose, *, now: datetime) -> MailedLink | None:
    """The link that carries this, while it is good."""
    if len(token) > _LONGEST_TOKEN:
        return None
    row = await MailedLinkRow.get_or_none(
        token_hash=hashed(token), purpose=purpose, expires_at__gt=now
    )
    return MailedLink.from_row(row) if row else None


async def spend(link_id: UUID) -> bool:
    """Follow it; of several who try at once, ``True`` for one."""
    return await MailedLinkRow.filter(id=link_id).delete() == 1


async def withdraw(user_id: UUID, *purposes: LinkPurpose) -> None:
    """Have the links of these purposes that wait for a person be good for nothing."""
    await MailedLinkRow.filter(user_id=user_id, purpose__in=purposes).delete()


async def withdraw_since(user_id: UUID, purpose: LinkPurpose, *, since: datetime) -> None:
    """Have those of a purpose be good for nothing that were sent then, or later."""
    later = MailedLinkRow.filter(user_id=user_id, purpose=purpose, created_at__gte=since)
    await later.delete()
