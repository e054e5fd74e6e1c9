"""Logos: nothing that somebody brings is served. It is read, and a picture of our own is made of
what was seen, so that no comment, place, profile or second meaning of the file is left."""

import asyncio
import base64
from io import BytesIO

from authgate import storage
from authgate.languages import text
from authgate.storage.tenants import logos
from authgate.storage.tenants.logos import Logo
from authgate_tenants import TenantSettings, current_tenant, lifecycle

MOST_BYTES = 1 << 20
MOST_PIXELS = 4_000_000
"""Of a picture that is brought: what is drawn large and compressed well is refused unread."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_BOX = (480, 160)


class UnfitLogo(ValueError):
    """No picture that could be a logo. The text says why."""


async def add_logo(encoded: str) -> Logo:
    """Keep a picture, given in base64, among the current tenant's logos. Nobody sees it before the
    settings name it. Raises ``UnfitLogo``."""
    try:
        brought = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise UnfitLogo(text("This is not base64.")) from error
    return await keep_logo(brought)


async def keep_logo(brought: bytes) -> Logo:
    """The same of a file's bytes. Raises ``UnfitLogo``."""
    if len(brought) > MOST_BYTES:
        raise UnfitLogo(text("A picture has at most %(most)s bytes.", most=MOST_BYTES))
    async with storage.set_aside():
        made = await asyncio.to_thread(redrawn, brought)
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        await logos.store(made, used=TenantSettings.from_json(row.settings).logo)
    return made


def redrawn(brought: bytes) -> Logo:
    """A PNG of what the picture shows, as small as pages need it. Raises ``UnfitLogo``."""
    from PIL import Image  # a tenth of a second, which only this waits for

    try:
        with Image.open(BytesIO(brought), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnfitLogo(text("A picture has at most %(most)s pixels.", most=MOST_PIXELS))
            drawn = image.convert("RGBA")
            drawn.thumbnail(_BOX)
            plain = Image.frombytes("RGBA", drawn.size, drawn.tobytes())
    except UnfitLogo:
        raise
    except Exception as error:  # what reads strangers' files fails in many ways
        raise UnfitLogo(
            text("This is no picture in %(formats)s that can be read.", formats=", ".join(FORMATS))
        ) from error
    written = BytesIO()
    plain.save(written, "PNG", optimize=True)
    return Logo(written.getvalue(), plain.width, plain.height)
