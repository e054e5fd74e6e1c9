"""Lists by the page: pages that are counted (RFC 7644 section 3.4.2.4), or that go on from a cursor
(RFC 9865), which reaches any number of resources."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from authgate.scim.asks import Outcome
from authgate.scim.queries import PAGE, Query
from authgate.storage.people.listings import Listing, Row, Thing
from authgate.storage.selections import Selection

_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

Written = Callable[[Sequence[Thing]], Awaitable[list[Mapping[str, Any]]]]
"""Tells things as resources."""


async def listed(
    stored: Listing[Row, Thing], which: Selection, asked: Query, written: Written[Thing]
) -> Outcome:
    """A page of what is looked for."""
    if asked.cursor is not None:
        return await _from_cursor(stored, which, asked, written)
    total = await stored.count(which)
    found: Sequence[Thing] = ()
    if asked.limit and asked.skip < total:
        found = await stored.some(which, skip=asked.skip, limit=asked.limit)
    return counted(await written(found), total=total, skip=asked.skip)


def counted(resources: Sequence[Mapping[str, Any]], *, total: int, skip: int = 0) -> Outcome:
    """A page of so many."""
    content = {
        "schemas": [_SCHEMA],
        "totalResults": total,
        "startIndex": skip + 1,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
    return Outcome(200, content)


async def _from_cursor(
    stored: Listing[Row, Thing], which: Selection, asked: Query, written: Written[Thing]
) -> Outcome:
    page = await stored.page(which, cursor=asked.cursor or None, limit=asked.limit or PAGE)
    content: dict[str, Any] = {
        "schemas": [_SCHEMA],
        "itemsPerPage": len(page.rows),
        "Resources": await written(page.rows),
    }
    if page.next is not None:
        content["nextCursor"] = page.next
    return Outcome(200, content)
