"""How a tenant begins and changes, and which there are."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from authgate_tenants.models import TenantRow
from authgate_tenants.resolver import check_slug
from authgate_tenants.scope import TenantStatus, current_tenant
from authgate_tenants.settings import TenantSettings

_PAGE = 500


class SlugTaken(ValueError):
    """Another tenant has this slug, or this id."""


def new_tenant(
    *,
    slug: str,
    name: str,
    settings: TenantSettings | None = None,
    tenant_id: UUID | None = None,
) -> TenantRow:
    """An active tenant that is not stored yet, with the id given or a new one. Raises
    ``BadSlug``."""
    chosen = settings or TenantSettings()
    return TenantRow(
        id=tenant_id or uuid7(), slug=check_slug(slug), name=name, settings=chosen.to_json()
    )


async def store(tenant: TenantRow) -> None:
    """Store a new tenant. Raises ``SlugTaken``."""
    try:
        await tenant.save(force_create=True)
    except IntegrityError as error:
        raise SlugTaken(tenant.slug) from error


async def locked(tenant_id: UUID) -> TenantRow:
    """The tenant as it is stored; it stays so until this transaction changes it or ends."""
    return await TenantRow.filter(id=tenant_id).select_for_update().get()


async def find(tenant_id: UUID) -> TenantRow:
    """The tenant as it is stored, whatever its status."""
    return await TenantRow.get(id=tenant_id)


async def chosen() -> TenantSettings:
    """The settings that the current tenant has chosen, of which its plan may let less be in force.

    Those in force where the tenant is not stored, as it may have been removed meanwhile.
    """
    tenant = current_tenant()
    row = await TenantRow.get_or_none(id=tenant.id)
    return tenant.settings if row is None else TenantSettings.from_json(row.settings)


async def change(row: TenantRow, *, name: str, settings: TenantSettings) -> None:
    """Store another name and other settings."""
    row.name, row.settings = name, settings.to_json()
    await row.save(update_fields=["name", "settings", "updated_at"])


async def change_issuer(row: TenantRow, *, host: str, former: str, until: datetime | None) -> None:
    """Store by which host a tenant is called, and was called until some time."""
    row.issuer_host, row.former_host, row.former_until = host, former, until
    await row.save(update_fields=["issuer_host", "former_host", "former_until", "updated_at"])


async def set_status(
    tenant_id: UUID, status: TenantStatus, *, former: Collection[TenantStatus]
) -> bool:
    """Give a tenant another status; ``False`` where it has none of the former ones."""
    having = TenantRow.filter(id=tenant_id, status__in=list(former))
    return await having.update(status=status) == 1


async def all_tenants() -> AsyncIterator[TenantRow]:
    """Every tenant that is not being erased, in the order of their slugs, read page by page."""
    after, found = "", TenantRow.exclude(status=TenantStatus.ERASING)
    while page := await found.filter(slug__gt=after).order_by("slug").limit(_PAGE):
        for row in page:
            yield row
        after = page[-1].slug
