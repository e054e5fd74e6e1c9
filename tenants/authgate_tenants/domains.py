"""The hosts that a tenant has to itself."""

from uuid import UUID

from authgate_tenants.models import TenantDomain


async def hosts(tenant_id: UUID) -> list[str]:
    """The hosts that a tenant has proven to own, the one that is its issuer first."""
    return (
        await TenantDomain.filter(  # type: ignore[return-value]  # of a flat list
            tenant_id=tenant_id, verified_at__not_isnull=True
        )
        .order_by("verified_at")
        .values_list("host", flat=True)
    )
