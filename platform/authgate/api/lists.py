"""Lists by the page, and the cursors by which they go on.

A cursor is sealed by the tenant's key for one list as it was asked for: it opens for no other
tenant, list, filter or order, and tells nothing.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import orjson
from pydantic import Field

from authgate.api.bodies import Document
from authgate.api.operations import Answer, Call
from authgate.api.problems import BadCursor
from authgate.storage import paging
from authgate.storage.paging import Page
from authgate.web.machine import Headers
from authgate_tenants import current_tenant
from authgate_tenants.encryption import SealBroken, TenantCipher

_SEAL = "cursor"
_NOT_FILTERS = {"cursor", "limit"}


class ListQuery(Document):
    """How much of a list, and from where."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = 25
    """How many there may be on a page."""

    cursor: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """Where the list goes on: `next` or `previous` of another page, with the same filters and the
    same order."""


class ListDocument(Document):
    """A page of a list. What comes and goes meanwhile moves nothing: no line is told twice or
    left out."""

    next: str | None
    """The cursor of the next page; `null` on the last one."""

    previous: str | None
    """The cursor of the page before; `null` on the first one."""


Row = TypeVar("Row")
Lines = TypeVar("Lines", bound=ListDocument)
Listing = Call[ListQuery, object]


async def opened(call: Listing) -> str | None:
    """The storage's own cursor; ``None`` at the beginning. Raises ``BadCursor``."""
    if call.query.cursor is None:
        return None
    cipher = await _cipher(call)
    try:
        sealed = base64.b64decode(call.query.cursor, altchars=b"-_", validate=True)
        return cipher.open(kind=_SEAL, object_id=_place(call), sealed=sealed).decode()
    except (SealBroken, binascii.Error, ValueError) as error:
        raise BadCursor from error


async def answer(
    call: Listing, page: Page[Row], lines: type[Lines], line: Callable[[Row], Document]
) -> Answer[Lines]:
    """The page of the list, each row as it is told, with the ways to the pages beside it."""
    items = [line(each) for each in page.rows]
    found = lines.model_validate({"items": items, **await beside(call, page)})
    return Answer(found, links(call, found))


async def beside(call: Listing, page: Page[Any]) -> dict[str, str | None]:
    """The cursors of the pages beside this one, as they are told."""
    cipher, place = await _cipher(call), _place(call)

    def sealed(cursor: str | None) -> str | None:
        if cursor is None:
            return None
        blob = cipher.seal(kind=_SEAL, object_id=place, plaintext=cursor.encode())
        return base64.urlsafe_b64encode(blob).decode()

    return {"next": sealed(page.next), "previous": sealed(page.previous)}


async def _cipher(call: Listing) -> TenantCipher:
    return await call.parts.encryption.cipher(current_tenant().id)


def links(call: Listing, page: ListDocument) -> Headers:
    """Where the pages beside this one are (RFC 8288)."""
    found = {"next": page.next, "prev": page.previous}
    said = [f'<{_address(call, cursor)}>; rel="{rel}"' for rel, cursor in found.items() if cursor]
    return ((b"link", ", ".join(said).encode("ascii")),) if said else ()


def _address(call: Listing, cursor: str) -> str:
    asked = call.query.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    path = call.request.raw_path.decode("ascii")
    query = urlencode({**asked, "cursor": cursor}, quote_via=quote)
    return f"{current_tenant().issuer}{path}?{query}"


def _place(call: Listing) -> str:
    asked = call.query.model_dump(mode="json", exclude=_NOT_FILTERS)
    return orjson.dumps([call.request.path, asked], option=orjson.OPT_SORT_KEYS).decode()
