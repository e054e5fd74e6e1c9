"""Tenants that wait to be deleted, are being erased, or are gone, by the page."""

from uuid import UUID

from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate_tenants.models import TenantDeletion


async def of_tenant(tenant_id: UUID) -> TenantDeletion | None:
    """The newest of a tenant, which may be gone."""
    return await TenantDeletion.filter(tenant_id=tenant_id).order_by("-id").first()


async def page(*, cursor: str | None, limit: int) -> Page[TenantDeletion]:
    """The newest first. Raises ``BadCursor``."""
    return await paging.page(TenantDeletion.all(), Order.of("-id"), cursor=cursor, limit=limit)
