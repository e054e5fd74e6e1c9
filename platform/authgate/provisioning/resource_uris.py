"""What the URI of a resource server can be (RFC 8707 section 2)."""

from urllib.parse import urlsplit

LONGEST = 2048


class UnfitResourceServer(ValueError):
    """No URI that a tenant could have."""


def check(uri: str) -> None:
    """Raises ``UnfitResourceServer``."""
    plain = uri.isascii() and uri.isprintable() and " " not in uri
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise UnfitResourceServer("This is no absolute URI.") from error
    if not (plain and parts.scheme and (parts.netloc or parts.path)):
        raise UnfitResourceServer("This is no absolute URI, such as https://api.example.")
    if "#" in uri:
        raise UnfitResourceServer("It has no fragment (#).")
    if len(uri) > LONGEST:
        raise UnfitResourceServer(f"At most {LONGEST} characters.")
