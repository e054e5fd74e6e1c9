"""The cookies of a browser, worth nothing outside of the tenant they were set for.

At the root of a host a tenant's cookies have the ``__Host-`` prefix. Tenants below a path get
cookies bound to it, by other names, because a browser sends the root's cookies there too. The
session behind the key is bound to its tenant as well, so a cookie that reaches another tenant opens
nothing there.
"""

from quart import Response
from werkzeug.datastructures import Headers

from authgate_tenants import current_tenant

SESSION = "authgate_session"
PRESESSION = "authgate_presession"
"""Binds the sign-in form to the browser that asked for it, before there is a session."""

LANGUAGE = "authgate_language"
"""The language that somebody has chosen on a page."""


def read(headers: Headers, name: str) -> str | None:
    """The cookie's value, from the request's headers.

    ``None`` where it came twice: the browser sends two when somebody planted one for another path
    or domain, and nothing tells which is ours.
    """
    wanted = _full_name(name)
    # HTTP/2 lets a browser send its cookies in several headers (RFC 9113 section 8.2.3).
    parts = ";".join(headers.getlist("Cookie")).split(";")
    pairs = (part.strip().partition("=") for part in parts)
    found = [value for key, _, value in pairs if key == wanted]
    return found[0] if len(found) == 1 and _is_plain(found[0]) else None


def write(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set the cookie; until the browser closes where there is no ``max_age`` (seconds)."""
    response.set_cookie(
        _full_name(name),
        value,
        max_age=max_age,
        path=_path(),
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
    )


def clear(response: Response, name: str) -> None:
    """Take the cookie back."""
    response.delete_cookie(
        _full_name(name), path=_path(), secure=_is_https(), httponly=True, samesite="Lax"
    )


def _full_name(name: str) -> str:
    at_root = not current_tenant().prefix
    if _is_https():
        return f"__Host-{name}" if at_root else f"__Secure-{name}"
    # Browsers take the prefixes over https only.
    return f"host_{name}" if at_root else name


def _path() -> str:
    return current_tenant().prefix or "/"


def _is_https() -> bool:
    return current_tenant().issuer.startswith("https:")


def _is_plain(value: str) -> bool:
    return value.isascii() and value.replace("-", "").replace("_", "").isalnum()
