"""Which clients know a browser's session: those that it has signed its person in to.

They are to be told when it is over (OpenID Connect Back-Channel and Front-Channel Logout).
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tortoise import fields

from authgate.storage.clients import ids
from authgate_tenants import TenantOwned, current_tenant

LONGEST_ISSUER = 512


class SessionClient(TenantOwned):
    """A client that was given a code for an ID token of a session."""

    session_id = fields.UUIDField()
    client_id = fields.CharField(ids.LONGEST)
    subject = fields.CharField(255)
    """``sub``, as this client was told it."""
    issuer = fields.CharField(LONGEST_ISSUER, default="", db_default="")
    """``iss``, as this client was told it; empty where that was before this was noted."""
    expires_at = fields.DatetimeField()

    class Meta:
        table = "session_clients"
        unique_together = (("tenant_id", "session_id", "client_id"), ("tenant_id", "id"))
        indexes = (("expires_at",), ("tenant_id", "client_id"))


async def note(session_id: UUID, client_id: str, *, subject: str, expires_at: datetime) -> None:
    """Remember that a client knows a session, for as long as that may last, and by which issuer it
    was told of it last."""
    issuer = current_tenant().issuer
    known, is_new = await SessionClient.get_or_create(
        session_id=session_id,
        client_id=client_id,
        defaults={"subject": subject, "issuer": issuer, "expires_at": expires_at},
    )
    if not is_new and known.issuer != issuer:
        await SessionClient.filter(id=known.id).update(issuer=issuer)


async def prolong(session_id: UUID, *, expires_at: datetime) -> None:
    """Remember it for longer: the session goes on."""
    await SessionClient.filter(session_id=session_id).update(expires_at=expires_at)


async def of(session_ids: Collection[UUID]) -> list[SessionClient]:
    """Who knows these sessions."""
    if not session_ids:
        return []
    known = SessionClient.filter(session_id__in=list(session_ids))
    return await known.order_by("id")
