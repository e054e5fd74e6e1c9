"""``/api/v1/openapi.json`` and ``/api/v1/docs``: what the API is, for anybody."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import orjson

from authgate.admin import entity_tags, openapi, reference_page
from authgate.admin.catalogue import OPERATIONS
from authgate.admin.places import DOCUMENT, REFERENCE
from authgate.web.machine import Handler, Headers, MachineRequest, Reply
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))


def endpoints(pages: Pages) -> Mapping[str, Handler]:
    """Both."""

    async def document(request: MachineRequest) -> Reply:
        body, tag = _written(current_tenant().issuer)
        own = ((b"etag", tag.encode("ascii")),)
        if entity_tags.is_known(request, tag):
            return Reply(304, b"", _JSON[1:], own)
        return Reply(200, body, _JSON, own)

    async def reference(_request: MachineRequest) -> Reply:
        tenant = current_tenant()
        content = reference_page.page(
            openapi.of_tenant(_common(), issuer=tenant.issuer),
            document_url=f"{tenant.prefix}{DOCUMENT}",
        )
        return Reply(200, pages.render(reference_page.TEMPLATE, page=content).encode(), _HTML)

    return {DOCUMENT: document, REFERENCE: reference}


@cache
def _common() -> dict[str, Any]:
    # Anybody may ask, as often as they like.
    return openapi.common(OPERATIONS)


@lru_cache(maxsize=64)
def _written(issuer: str) -> tuple[bytes, str]:
    body = orjson.dumps(openapi.of_tenant(_common(), issuer=issuer))
    return body, entity_tags.of(body)
