"""Forms that only our own pages can send.

A form carries a token made from a key that the browser's session (or, before there is one, its
cookie) holds and another site does not know; it names the tenant and what the form is for.
"""

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from authgate_tenants import current_tenant

_SAME_SITE = frozenset({"same-origin", "none"})
_UNSAID = "null"


class ForgedForm(Exception):
    """The form did not come from our own page in this browser, or is too old."""


def token(key: bytes, purpose: str = "form") -> str:
    """What the form must carry."""
    message = f"{current_tenant().id}|{purpose}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


def is_genuine(presented: str, key: bytes, purpose: str = "form") -> bool:
    """Whether a form carries the token, compared in constant time."""
    return hmac.compare_digest(presented.encode(), token(key, purpose).encode())


def refuse_other_sites(*, origin: str | None, fetch_site: str | None) -> None:
    """Refuse what the browser itself says another site sends. Raises ``ForgedForm``.

    Our pages say ``Referrer-Policy: no-referrer``, under which browsers send ``Origin: null``
    with our own forms too (Fetch, "append a request Origin header"): it tells nothing.
    """
    if fetch_site is not None and fetch_site not in _SAME_SITE:
        raise ForgedForm
    if origin not in (None, _UNSAID, _own_origin()):
        raise ForgedForm


def _own_origin() -> str:
    # With its scheme: who can change pages over http must not post to ours over https.
    issuer = urlsplit(current_tenant().issuer)
    return f"{issuer.scheme}://{issuer.netloc}"
