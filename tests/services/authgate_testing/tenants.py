"""Changing a tenant under a running server, as its operator does."""

from typing import Any

from authgate_tenants import Tenant, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing.server import RunningServer


async def change(server: RunningServer, tenant: Tenant, **columns: Any) -> None:
    """Give the tenant's row other values, and tell the server so."""
    with use_tenant(tenant):
        assert await TenantRow.filter(id=tenant.id).update(**columns) == 1
    await server.parts.tenants.invalidate((None, "slug", tenant.slug))
