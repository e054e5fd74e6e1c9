"""Tokens by which another directory provisions a tenant's people, where it cannot ask for access
tokens (RFC 7644 section 2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned

PREFIX: Final = "agscim_"
"""Lets a secret scanner recognise one."""

LONGEST_DESCRIPTION: Final = 80
MOST: Final = 20
"""Tokens that a tenant has at once."""

_LONGEST = 128
_NOTED_EVERY = timedelta(minutes=1)


class ScimTokenRow(TenantOwned):
    """A token, of which only a hash is here."""

    description = fields.CharField(LONGEST_DESCRIPTION)
    token_hash = fields.BinaryField()
    trusts_emails = fields.BooleanField(default=False)
    created_by = fields.CharField(128)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scim_tokens"
        unique_together = (("tenant_id", "token_hash"), ("tenant_id", "id"))
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class ScimToken:
    """A token as it is shown."""

    id: UUID
    description: str
    trusts_emails: bool
    """Whether the addresses that come by it count as verified."""
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    """To the minute."""

    @classmethod
    def from_row(cls, row: ScimTokenRow) -> Self:
        """The value of a stored row."""
        return cls(
            row.id,
            row.description,
            row.trusts_emails,
            row.created_by,
            row.created_at,
            row.expires_at,
            row.last_used_at,
        )


async def issue(
    *, description: str, trusts_emails: bool, created_by: str, now: datetime, expires_at: datetime
) -> tuple[str, ScimToken]:
    """A new token (256 random bits), and what is kept of it."""
    token = new_secret(PREFIX)
    row = await ScimTokenRow.create(
        description=description,
        token_hash=hashed(token),
        trusts_emails=trusts_emails,
        created_by=created_by[:128],
        created_at=now,
        expires_at=expires_at,
    )
    return token, ScimToken.from_row(row)


async def find_good(token: str, *, now: datetime) -> ScimToken | None:
    """What is known of a token, if it is good at this moment."""
    if len(token) > _LONGEST:
        return None
    row = await ScimTokenRow.get_or_none(token_hash=hashed(token), expires_at__gt=now)
    return ScimToken.from_row(row) if row else None


async def note_use(token: ScimToken, *, now: datetime) -> None:
    """Note that a token was used, once a minute."""
    before = now - _NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= before:
        is_older = Q(last_used_at=None) | Q(last_used_at__lte=before)
        await ScimTokenRow.filter(is_older, id=token.id).update(last_used_at=now)


async def all_tokens(*, now: datetime) -> list[ScimToken]:
    """The tenant's tokens that have not ended, the newest first."""
    rows = ScimTokenRow.filter(expires_at__gt=now).order_by("-created_at", "id")
    return [ScimToken.from_row(row) for row in await rows]


async def find(token_id: UUID, *, now: datetime) -> ScimToken | None:
    """The token with this id, unless it has ended."""
    row = await ScimTokenRow.get_or_none(id=token_id, expires_at__gt=now)
    return ScimToken.from_row(row) if row else None


async def revoke(token_id: UUID) -> bool:
    """Remove a token; ``False`` where there is none with this id."""
    return await ScimTokenRow.filter(id=token_id).delete() == 1
