"""``GET /branding/logos/<digest>.png``: the logos of a tenant, at its own address and no other's.

The name says what is in it, so it may be kept for ever. No cookie is read or set: a cache beside us
may keep it, too.
"""

import re

from authgate.storage.tenants import logos
from authgate.web.machine import Headers, MachineRequest, Reply
from authgate.web.pages import LOGOS

_NAME = re.compile(rf"{LOGOS}([0-9a-f]{{32}})\.png\Z")
_HEADERS: Headers = (
    (b"content-type", b"image/png"),
    (b"cache-control", b"public, max-age=31536000, immutable"),
)
_NOT_HERE = Reply(404, b"", ((b"cache-control", b"no-store"),))


class LogoFiles:
    """Serves what ``provisioning.add_logo`` has made."""

    def holds(self, path: str) -> bool:
        """Whether a path below the tenant is a logo's."""
        return path.startswith(LOGOS)

    def route(self, path: bytes) -> str:
        """The name of them all."""
        del path
        return LOGOS

    async def answer(self, request: MachineRequest) -> Reply:
        """The picture."""
        if request.method not in ("GET", "HEAD"):
            return Reply(405, b"", ((b"allow", b"GET, HEAD"), *_NOT_HERE.headers))
        named = _NAME.match(request.path)
        found = await logos.png(named[1]) if named else None
        return _NOT_HERE if found is None else Reply(200, found, _HEADERS)
