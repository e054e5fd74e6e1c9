"""Tenants by the page, and the cursors by which a list of them goes on."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection

import orjson

from authgate import installation
from authgate.installation import Installation
from authgate.storage.paging import BadCursor, Page
from authgate_tenants import directory
from authgate_tenants.directory import Listed, Place, TenantFilter


async def page(wanted: TenantFilter, *, cursor: str | None, limit: int) -> Page[Listed]:
    """Some tenants: those after the cursor, or the first ones. Raises ``BadCursor``."""
    backward, after = _opened(cursor) if cursor else (False, None)
    found = await directory.page(wanted, after=after, backward=backward, limit=limit + 1)
    more, shown = len(found) > limit, found[:limit]
    if backward:
        shown.reverse()
    if not shown:
        return Page([])
    (_, first), (_, last) = shown[0], shown[-1]
    return Page(
        [row for row, _ in shown],
        next=_cursor(last) if more or backward else None,
        previous=_cursor(first, backward=True) if after and (more or not backward) else None,
    )


def issuer(parts: Installation, listed: Listed, hosts: Collection[str]) -> str:
    """What a tenant is called that has proven to own these hosts."""
    host = listed.issuer_host if listed.issuer_host in hosts else ""
    return installation.addressing(parts.settings).issuer(listed.slug, host)


def _cursor(place: Place, *, backward: bool = False) -> str:
    return urlsafe_b64encode(orjson.dumps((backward, *place))).decode()


def _opened(cursor: str) -> tuple[bool, Place]:
    try:
        backward, value, slug = orjson.loads(urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCursor from error
    if not isinstance(value, str) or not isinstance(slug, str) or "\0" in value + slug:
        raise BadCursor
    return backward is True, Place(value, slug)
