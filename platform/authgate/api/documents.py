"""``openapi.json`` and ``docs`` of an API: what it is, for anybody."""

from collections.abc import Mapping
from functools import cache, lru_cache

import orjson

from authgate.api import entity_tags, openapi, reference_page
from authgate.api.description import Api
from authgate.api.openapi.schemas import Json
from authgate.web.machine import Handler, Headers, MachineRequest, Reply
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))


def endpoints(api: Api, pages: Pages) -> Mapping[str, Handler]:
    """Both."""
    # Anybody may ask, as often as they like.
    common = cache(lambda: openapi.common(api))

    @lru_cache(maxsize=64)
    def written(issuer: str) -> tuple[bytes, str]:
        body = orjson.dumps(_told(issuer))
        return body, entity_tags.of(body)

    def _told(issuer: str) -> Json:
        return openapi.of_tenant(api, common(), issuer=issuer)

    async def document(request: MachineRequest) -> Reply:
        body, tag = written(current_tenant().issuer)
        own = ((b"etag", tag.encode("ascii")),)
        if entity_tags.is_known(request, tag):
            return Reply(304, b"", _JSON[1:], own)
        return Reply(200, body, _JSON, own)

    async def reference(_request: MachineRequest) -> Reply:
        tenant = current_tenant()
        content = reference_page.page(
            _told(tenant.issuer),
            document_url=f"{tenant.prefix}{api.document}",
            meanings=api.meanings,
        )
        return Reply(200, pages.render(reference_page.TEMPLATE, page=content).encode(), _HTML)

    return {api.document: document, api.reference: reference}
