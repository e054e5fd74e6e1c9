"""Who is invited to come to a tenant, as what, and by whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.storage.random_secrets import hashed, new_secret
from authgate.vocabulary import InvitationStatus
from authgate_tenants import TenantOwned

GOOD = timedelta(days=7)
"""For how long an invitation can be accepted."""

KEPT = timedelta(days=30)
"""For how long it can be seen what became of it."""

_LONGEST_TOKEN = 128


class InvitationRow(TenantOwned):
    """An invitation, of whose link only a hash is here."""

    token_hash = fields.BinaryField()
    email = fields.CharField(254)
    canonical_email = fields.CharField(254)
    role = fields.CharEnumField(UserRole, max_length=16)
    status = fields.CharEnumField(InvitationStatus, max_length=16, default=InvitationStatus.PENDING)
    invited_by = fields.CharField(160)
    inviter_id = fields.UUIDField(null=True)
    """Where it was a person: what they may counts when it is accepted, too."""
    user_id = fields.UUIDField(null=True)
    """Who accepted it."""
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "invitations"
        unique_together = (("tenant_id", "token_hash"), ("tenant_id", "id"))
        indexes = (("tenant_id", "canonical_email"), ("expires_at",))


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as it is shown."""

    id: UUID
    email: str
    canonical_email: str
    role: UserRole
    status: InvitationStatus
    invited_by: str
    inviter_id: UUID | None
    user_id: UUID | None
    created_at: datetime
    ends_at: datetime

    @classmethod
    def from_row(cls, row: InvitationRow) -> Self:
        """The value of a stored row."""
        return cls(
            row.id,
            row.email,
            row.canonical_email,
            row.role,
            row.status,
            row.invited_by,
            row.inviter_id,
            row.user_id,
            row.created_at,
            row.ends_at,
        )


async def add(
    *,
    email: str,
    canonical_email: str,
    role: UserRole,
    invited_by: str,
    inviter_id: UUID | None,
    now: datetime,
) -> tuple[str, Invitation]:
    """What the link in the mail carries (256 random bits), and what is kept."""
    token = new_secret()
    row = await InvitationRow.create(
        id=uuid7(),
        token_hash=hashed(token),
        email=email,
        canonical_email=canonical_email,
        role=role,
        invited_by=invited_by,
        inviter_id=inviter_id,
        created_at=now,
        ends_at=now + GOOD,
        expires_at=now + KEPT,
    )
    return token, Invitation.from_row(row)


async def renew(
    invitation_id: UUID, *, invited_by: str, inviter_id: UUID | None, now: datetime
) -> tuple[str, Invitation] | None:
    """Another link for an invitation that waits: the former one is good for nothing any more."""
    token = new_secret()
    changed = await _pending(invitation_id).update(
        token_hash=hashed(token),
        invited_by=invited_by,
        inviter_id=inviter_id,
        ends_at=now + GOOD,
        expires_at=now + KEPT,
    )
    found = await find(invitation_id)
    return (token, found) if changed == 1 and found is not None else None


async def find(invitation_id: UUID) -> Invitation | None:
    """The invitation with this id."""
    row = await InvitationRow.get_or_none(id=invitation_id)
    return Invitation.from_row(row) if row else None


async def find_by_token(token: str, *, now: datetime) -> Invitation | None:
    """The invitation of this link, while it can be accepted."""
    if len(token) > _LONGEST_TOKEN:
        return None
    row = await InvitationRow.get_or_none(
        token_hash=hashed(token), status=InvitationStatus.PENDING, ends_at__gt=now
    )
    return Invitation.from_row(row) if row else None


async def accept(invitation_id: UUID, *, user_id: UUID, now: datetime) -> bool:
    """Have it accepted; of several who try at once, ``True`` for one."""
    good = _pending(invitation_id).filter(ends_at__gt=now)
    return await good.update(status=InvitationStatus.ACCEPTED, user_id=user_id) == 1


async def withdraw(invitation_id: UUID) -> bool:
    """Take it back; ``False`` where there is none that waits."""
    return await _pending(invitation_id).update(status=InvitationStatus.WITHDRAWN) == 1


async def withdraw_former(canonical_email: str) -> None:
    """Take back what waits for an address: of two invitations the newer one is meant."""
    former = InvitationRow.filter(canonical_email=canonical_email, status=InvitationStatus.PENDING)
    await former.update(status=InvitationStatus.WITHDRAWN)


async def page(
    *, status: InvitationStatus | None, cursor: str | None = None, limit: int = 50
) -> Page[Invitation]:
    """Some of them, the newest first. Raises ``BadCursor``."""
    rows = InvitationRow.filter(status=status) if status is not None else InvitationRow.all()
    found = await paging.page(rows, Order.of("-created_at"), cursor=cursor, limit=limit)
    return found.of(Invitation.from_row)


def _pending(invitation_id: UUID) -> QuerySet[InvitationRow]:
    return InvitationRow.filter(id=invitation_id, status=InvitationStatus.PENDING)
