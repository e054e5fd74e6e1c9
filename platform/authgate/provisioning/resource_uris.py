"""What the URI of a resource server can be (RFC 8707 section 2)."""

from urllib.parse import urlsplit

from authgate.languages import text

LONGEST = 2048


class UnfitResourceServer(ValueError):
    """No URI that a tenant could have."""


def check(uri: str) -> None:
    """Raises ``UnfitResourceServer``."""
    plain = uri.isascii() and uri.isprintable() and " " not in uri
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise UnfitResourceServer(text("This is no absolute URI.")) from error
    if not (plain and parts.scheme and (parts.netloc or parts.path)):
        raise UnfitResourceServer(text("This is no absolute URI, such as https://api.example."))
    if "#" in uri:
        raise UnfitResourceServer(text("It has no fragment (#)."))
    if len(uri) > LONGEST:
        raise UnfitResourceServer(text("At most %(most)s characters.", most=LONGEST))
