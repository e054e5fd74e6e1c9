"""Where something outside is, as an administrator or a provider says it."""

import re
import ssl
from urllib.parse import urlsplit

from authgate.plugin_api.config import ConnectorConfigError

_HOST = re.compile(r"(?=.{1,253}(:|$))[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_LONGEST = 255
_LAST_PORT = 65_535


def check_host(field: str, value: str) -> None:
    """Raises ``ConnectorConfigError`` where this is not a host name, perhaps with a port."""
    if not _HOST.fullmatch(value) or port_of(value, 1)[1] > _LAST_PORT:
        raise ConnectorConfigError(field, "must be a host name, without https:// or a path")


def check_https(field: str, value: str) -> None:
    """Raises ``ConnectorConfigError`` where this is not an https address with nothing behind its
    path."""
    try:
        parts = urlsplit(value)
        # Which port there is raises where there is none of its number.
        usable = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and parts.port != 0
    except ValueError:
        usable = None
    if not usable or "?" in value or "#" in value or not value.isascii() or " " in value:
        raise ConnectorConfigError(field, "must be an https:// address without ? and #")
    if len(value) > _LONGEST:
        raise ConnectorConfigError(field, f"must have at most {_LONGEST} characters")


def is_https(url: str) -> bool:
    """Whether this is an https address, of plain characters, without a user name or a fragment."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        return False
    if not usable or "@" in parts.netloc or parts.fragment:
        return False
    return url.isascii() and url.isprintable() and " " not in url


def port_of(host: str, otherwise: int) -> tuple[str, int]:
    """The name and the port of what ``check_host`` takes; this port where it says none."""
    name, _, port = host.partition(":")
    return name, int(port or otherwise)


def check_authorities(field: str, value: str) -> None:
    """Raises ``ConnectorConfigError`` where these are not certificates in PEM, or nothing."""
    if not value:
        return
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError, TypeError):  # the last where it is not ASCII
        raise ConnectorConfigError(field, "must be certificates, from -----BEGIN on") from None


def host_of(url: str) -> str:
    """The host of an address, with its port where it has one; nothing where it is not https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme == "https" else ""
