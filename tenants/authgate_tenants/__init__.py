"""Who a request belongs to, what that tenant chose, and how its data is kept apart.

The lowest room: it imports nothing from the rest of the repository.
"""

from authgate_tenants.plan import Plan
from authgate_tenants.scope import (
    CrossTenant,
    NoTenant,
    Tenant,
    TenantOwned,
    TenantStatus,
    current_tenant,
    use_tenant,
)
from authgate_tenants.settings import TenantSettings, typed_settings

__all__ = [
    "CrossTenant",
    "NoTenant",
    "Plan",
    "Tenant",
    "TenantOwned",
    "TenantSettings",
    "TenantStatus",
    "current_tenant",
    "typed_settings",
    "use_tenant",
]
