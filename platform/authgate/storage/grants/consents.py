"""Consents: what a person has allowed a client, until they take it back."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tortoise import fields

from authgate.storage import paging
from authgate.storage.clients import ids
from authgate.storage.paging import Order, Page
from authgate_tenants import TenantOwned


class Consent(TenantOwned):
    """The scopes that a person has allowed a client, all in all."""

    user_id = fields.UUIDField()
    client_id = fields.CharField(ids.LONGEST)
    scopes: list[str] = fields.JSONField()
    granted_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "consents"
        unique_together = (("tenant_id", "user_id", "client_id"), ("tenant_id", "id"))
        indexes = (("tenant_id", "client_id"),)

    def covers(self, scopes: Collection[str]) -> bool:
        """Whether all of this was allowed."""
        return set(scopes) <= set(self.scopes)


async def find(user_id: UUID, client_id: str) -> Consent | None:
    """What this person has allowed this client.

    Whoever takes it back waits for this unit of work, and then finds what came of it.
    """
    held = Consent.filter(user_id=user_id, client_id=client_id).select_for_update()
    return await held.get_or_none()


async def of(user_id: UUID) -> list[Consent]:
    """All that a person has allowed, the latest first."""
    return await Consent.filter(user_id=user_id).order_by("-updated_at", "id")


async def count_of_client(client_id: str) -> int:
    """How many people have allowed a client something."""
    return await Consent.filter(client_id=client_id).count()


async def page(
    order: Order,
    *,
    user_id: UUID | None = None,
    client_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Consent]:
    """Some of what people have allowed, by ``granted_at`` or ``updated_at``. Raises
    ``BadCursor``."""
    rows = Consent.all()
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    return await paging.page(rows, order, cursor=cursor, limit=limit)


async def find_by_id(consent_id: UUID) -> Consent | None:
    """A consent, whoever gave it."""
    return await Consent.get_or_none(id=consent_id)


async def find_own(consent_id: UUID, *, user_id: UUID) -> Consent | None:
    """A consent of this person, by its id."""
    return await Consent.get_or_none(id=consent_id, user_id=user_id)


async def grant(user_id: UUID, client_id: str, scopes: Collection[str], *, now: datetime) -> None:
    """Add to what a person allows a client; nothing that was allowed is taken back by it."""
    wanted = list(dict.fromkeys(scopes))
    # Whoever comes second where a person says yes twice at once adds to what the first has stored.
    consent, is_new = await Consent.get_or_create(
        user_id=user_id,
        client_id=client_id,
        defaults={"scopes": wanted, "granted_at": now, "updated_at": now},
    )
    if not is_new:
        allowed = list(dict.fromkeys([*consent.scopes, *wanted]))
        await Consent.filter(id=consent.id).update(scopes=allowed, updated_at=now)


async def revoke(user_id: UUID, client_id: str) -> bool:
    """Take back all that a person allowed a client; ``False`` where that was nothing."""
    return await Consent.filter(user_id=user_id, client_id=client_id).delete() == 1
