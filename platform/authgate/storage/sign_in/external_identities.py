"""External identities: which user somebody at another provider is here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.functions import Count

from authgate_tenants import TenantOwned


class ExternalIdentityRow(TenantOwned):
    """Somebody known by (connection, issuer, subject), and by nothing else.

    No token of the provider is kept: nothing needs one after the sign-in.
    """

    connection_id = fields.UUIDField()
    issuer = fields.CharField(255)
    subject = fields.CharField(255)
    user_id = fields.UUIDField()
    username = fields.CharField(100, default="")
    created_at = fields.DatetimeField(auto_now_add=True)
    last_used_at = fields.DatetimeField()

    class Meta:
        table = "external_identities"
        unique_together = (
            ("tenant_id", "connection_id", "issuer", "subject"),
            ("tenant_id", "id"),
        )
        indexes = (("tenant_id", "user_id"),)


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """A way in of somebody's."""

    id: UUID
    connection_id: UUID
    issuer: str
    subject: str
    username: str
    """What they are called there, as of the last time."""
    created_at: datetime
    last_used_at: datetime

    @classmethod
    def from_row(cls, row: ExternalIdentityRow) -> Self:
        """The value of a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})


class IdentityTaken(ValueError):
    """This identity is some user's already."""


async def find_user(*, connection_id: UUID, issuer: str, subject: str) -> UUID | None:
    """The id of the user that this identity belongs to."""
    row = await ExternalIdentityRow.get_or_none(
        connection_id=connection_id, issuer=issuer, subject=subject
    )
    return row.user_id if row else None


async def link(
    *,
    connection_id: UUID,
    issuer: str,
    subject: str,
    user_id: UUID,
    username: str,
    now: datetime,
) -> None:
    """Make an identity a user's. Raises ``IdentityTaken``."""
    try:
        await ExternalIdentityRow.create(
            connection_id=connection_id,
            issuer=issuer,
            subject=subject,
            user_id=user_id,
            username=username[:100],
            last_used_at=now,
        )
    except IntegrityError as error:
        raise IdentityTaken(issuer) from error


async def note_use(
    *, connection_id: UUID, issuer: str, subject: str, username: str, now: datetime
) -> None:
    """Remember when it was last used, and what the person is called there now."""
    await ExternalIdentityRow.filter(
        connection_id=connection_id, issuer=issuer, subject=subject
    ).update(username=username[:100], last_used_at=now)


async def of_user(user_id: UUID) -> list[LinkedIdentity]:
    """All of somebody's, in the order in which they were linked."""
    rows = await ExternalIdentityRow.filter(user_id=user_id).order_by("created_at", "id")
    return [LinkedIdentity.from_row(row) for row in rows]


async def unlink(identity_id: UUID, *, user_id: UUID) -> bool:
    """Have an identity be nobody's; ``False`` where it is none of this user's."""
    gone = ExternalIdentityRow.filter(id=identity_id, user_id=user_id)
    return await gone.delete() == 1


async def count(connection_id: UUID) -> int:
    """How many people are known by a connection."""
    return await ExternalIdentityRow.filter(connection_id=connection_id).count()


async def knows_any(connection_id: UUID, user_ids: Collection[UUID]) -> bool:
    """Whether a connection knows one of these people."""
    known = ExternalIdentityRow.filter(connection_id=connection_id, user_id__in=list(user_ids))
    return await known.exists()


async def counts() -> Mapping[UUID, int]:
    """How many people are known by each connection; nothing is said of one that knows nobody."""
    rows = ExternalIdentityRow.all().annotate(people=Count("id")).group_by("connection_id")
    return {
        row["connection_id"]: row["people"] for row in await rows.values("connection_id", "people")
    }
