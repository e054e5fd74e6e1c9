"""How a tenant begins, and which there are."""

from collections.abc import AsyncIterator

from tortoise.exceptions import IntegrityError

from authgate_tenants.models import TenantRow
from authgate_tenants.resolver import check_slug
from authgate_tenants.settings import TenantSettings

_PAGE = 500


class SlugTaken(ValueError):
    """Another tenant has this slug."""


async def create_tenant(
    *, slug: str, name: str, settings: TenantSettings | None = None
) -> TenantRow:
    """Store a new active tenant. Raises ``BadSlug`` and ``SlugTaken``."""
    try:
        return await TenantRow.create(
            slug=check_slug(slug), name=name, settings=(settings or TenantSettings()).to_json()
        )
    except IntegrityError as error:
        raise SlugTaken(slug) from error


async def all_tenants() -> AsyncIterator[TenantRow]:
    """Every tenant in the order of their slugs, read page by page."""
    after = ""
    while page := await TenantRow.filter(slug__gt=after).order_by("slug").limit(_PAGE):
        for row in page:
            yield row
        after = page[-1].slug
