"""Initial access tokens: who has one may register a client, so often (RFC 7591 section 3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned

_PREFIX = "agreg_"  # lets a secret scanner recognise one
_LONGEST = 128


class InitialAccessTokenRow(TenantOwned):
    """An initial access token, of which only a hash is here."""

    description = fields.CharField(80, default="")
    token_hash = fields.BinaryField()
    uses_left = fields.IntField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "initial_access_tokens"
        unique_together = (("tenant_id", "token_hash"),)
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class InitialAccessToken:
    """An initial access token as it is shown."""

    id: UUID
    description: str
    uses_left: int
    created_at: datetime
    expires_at: datetime

    @classmethod
    def from_row(cls, row: InitialAccessTokenRow) -> Self:
        """The value of a stored row."""
        return cls(row.id, row.description, row.uses_left, row.created_at, row.expires_at)


async def issue(
    *, description: str, uses: int, now: datetime, expires_at: datetime
) -> tuple[str, InitialAccessToken]:
    """A new token (256 random bits), and what is kept of it."""
    token = new_secret(_PREFIX)
    row = await InitialAccessTokenRow.create(
        description=description,
        token_hash=hashed(token),
        uses_left=uses,
        created_at=now,
        expires_at=expires_at,
    )
    return token, InitialAccessToken.from_row(row)


async def is_good(token: str, *, now: datetime) -> bool:
    """Whether a token lets somebody register a client at this moment."""
    return len(token) <= _LONGEST and await _good(token, now).exists()


async def spend(token: str, *, now: datetime) -> bool:
    """Use a token once; of uses that arrive together no more count than it has left."""
    return await _good(token, now).update(uses_left=F("uses_left") - 1) == 1


async def all_tokens(*, now: datetime) -> list[InitialAccessToken]:
    """The tenant's tokens that have not ended, the newest first."""
    rows = InitialAccessTokenRow.filter(expires_at__gt=now).order_by("-created_at", "id")
    return [InitialAccessToken.from_row(row) for row in await rows]


async def revoke(token_id: UUID) -> bool:
    """Remove a token; ``False`` where there is none with this id."""
    return await InitialAccessTokenRow.filter(id=token_id).delete() == 1


def _good(token: str, now: datetime) -> QuerySet[InitialAccessTokenRow]:
    return InitialAccessTokenRow.filter(
        token_hash=hashed(token), uses_left__gt=0, expires_at__gt=now
    )
