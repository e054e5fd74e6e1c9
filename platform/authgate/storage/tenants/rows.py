"""Tenants as every request finds them: read together with what other requests ask."""

from typing import Any
from uuid import UUID

from authgate.storage import connection
from authgate.storage.batches.lookups import Lookup, Record
from authgate_tenants import TenantStatus, plan
from authgate_tenants.resolver import StoredTenant

# Whatever the tenant's row says, a host is its issuer's as long as it is its own.
_OWN = (
    "(SELECT host FROM tenant_domains WHERE host = tenants.{column} AND tenant_id = tenants.id"
    " AND verified_at IS NOT NULL) AS {name}"
)
_PLAN = "(SELECT choices FROM plans WHERE plans.name = tenants.plan) AS plan_choices"
_COLUMNS = (
    "name",
    "status",
    "settings",
    "plan",
    "blocked",
    "former_host",
    "former_until",
    _OWN.format(column="issuer_host", name="custom_domain"),
    _OWN.format(column="former_host", name="former_domain"),
    _PLAN,
)
_BY_SLUG = Lookup("tenants", "slug", ("id", *_COLUMNS), of_tenants=False)
_BY_ID = Lookup("tenants", "id", ("slug", *_COLUMNS), of_tenants=False)
_OWNER = Lookup("tenant_domains", "host", ("tenant_id", "verified_at"), of_tenants=False)


class TenantRows:
    """The stored tenants. Readable without a scope: they are how a scope is found."""

    async def by_slug(self, slug: str) -> StoredTenant | None:
        """The tenant with this slug."""
        return await _found(_BY_SLUG, slug)

    async def by_id(self, tenant_id: UUID) -> StoredTenant | None:
        """The tenant with this id."""
        return await _found(_BY_ID, tenant_id)

    async def by_host(self, host: str) -> StoredTenant | None:
        """The tenant that has proven to own this host."""
        domain = await connection.find(_OWNER, host)
        if domain is None or domain["verified_at"] is None:
            return None
        return await self.by_id(connection.uuid(domain["tenant_id"]))


async def _found(lookup: Lookup, key: Any) -> StoredTenant | None:
    record = await connection.find(lookup, key)
    return _stored(record) if record else None


def _stored(record: Record) -> StoredTenant:
    until, former = record["former_until"], record["former_domain"] or ""
    is_good = until is not None and former == record["former_host"]
    return StoredTenant(
        id=connection.uuid(record["id"]),
        slug=record["slug"],
        name=record["name"],
        status=TenantStatus(record["status"]),
        settings=connection.json(record["settings"]),
        custom_domain=record["custom_domain"] or "",
        former_domain=former,
        former_until=connection.moment(until) if is_good else None,
        blocked=_json(record["blocked"]),
        plan=plan.stored(record["plan"], _json(record["plan_choices"])),
    )


def _json(stored: Any) -> Any:
    return None if stored is None else connection.json(stored)
