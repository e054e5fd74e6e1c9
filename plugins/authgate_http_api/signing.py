"""How a request shows that it comes from this server: not at all, by a shared secret in a header,
or by a signature over all of it."""

import hmac
import time
from hashlib import sha256
from urllib.parse import unquote, urlsplit
from uuid import uuid4

NONE = "none"
SIMPLE = "simple"
HMAC = "hmac"
MODES = (NONE, SIMPLE, HMAC)


def signed(url: str, content: bytes, *, secret: str) -> dict[str, str]:
    """The headers of a POST of this content: a signature over time, method, path and content."""
    parts, moment = urlsplit(url), int(time.time())
    path = unquote(parts.path) + (f"?{parts.query}" if parts.query else "")
    message = f"{moment}POST{path}".encode() + content
    return {
        "X-Signature": hmac.new(secret.encode(), message, sha256).hexdigest(),
        "X-Timestamp": str(moment),
        "X-Nonce": str(uuid4()),
    }
