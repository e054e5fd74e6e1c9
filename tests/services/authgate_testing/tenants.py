"""Tenants without their keys, and changing one under a running server, as its operator does."""

from typing import Any
from uuid import UUID

from authgate import provisioning
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_tenants.lifecycle import new_tenant, store
from authgate_tenants.models import TenantRow
from authgate_testing.server import RunningServer

ACME = Tenant(
    id=UUID(int=1),
    slug="acme",
    name="Acme",
    status=TenantStatus.ACTIVE,
    issuer="https://id.test/t/acme",
    prefix="/t/acme",
    settings=TenantSettings(),
)
"""A tenant that nobody has stored, for what only reads."""


async def create_tenant(*, slug: str, name: str) -> TenantRow:
    """Store a tenant, and nothing else. Raises ``SlugTaken``."""
    tenant = new_tenant(slug=slug, name=name)
    await store(tenant)
    return tenant


async def change(server: RunningServer, tenant: Tenant, **columns: Any) -> None:
    """Give the tenant's row other values, and tell the server so."""
    with use_tenant(tenant):
        assert await TenantRow.filter(id=tenant.id).update(**columns) == 1
    await server.parts.tenants.invalidate((None, "slug", tenant.slug))
    await server.parts.newsroom.publish_all(tenant.id)


async def choose(server: RunningServer, tenant: Tenant, **settings: object) -> None:
    """Have the tenant choose these settings, as its administrators do."""
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda before: before.changed(settings)
    )
