"""Redirect URIs: which a client may register, and which of them a request means.

They are compared as text, byte for byte (RFC 9700 section 2.1): whoever normalises before comparing
is sooner or later told of two addresses that are one here and two to a browser.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

from authgate.languages import text
from authgate.vocabulary import ApplicationType

LONGEST = 2048

_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+\Z")  # RFC 3986's characters, and nothing encoded oddly
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NETLOC = re.compile(rf"(?:(?:{_LABEL}\.)*{_LABEL}|\[::1\])(?::[0-9]{{1,5}})?\Z")
_WEB = frozenset({"https", "http"})
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:/[^#\\]*)?)\Z")
_LOCALHOST = re.compile(r"(http://localhost):[0-9]{1,5}((?:/[^#\\]*)?)\Z")
# RFC 8252 section 7.1: a domain of the application's maker, read backwards.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+\Z")


class BadRedirectUri(ValueError):
    """An address that no client may be sent back to. The text says why."""


def check(uri: str, application_type: ApplicationType) -> None:
    """Refuse what may not be registered (RFC 6749 3.1.2, RFC 8252). Raises ``BadRedirectUri``."""
    if len(uri) > LONGEST or not _PLAIN.match(uri) or "*" in uri:
        raise BadRedirectUri(
            text("%(uri)r holds what no redirect URI may, or too much of it.", uri=uri[:80])
        )
    if "#" in uri:
        raise BadRedirectUri(text("%(uri)r has a fragment, which RFC 6749 forbids.", uri=uri))
    scheme, _, rest = uri.partition(":")
    if any(part in (".", "..") for part in rest.partition("?")[0].split("/")):
        raise BadRedirectUri(text("%(uri)r has dots that lead elsewhere.", uri=uri))
    if scheme in _WEB:
        _check_host(uri, scheme)
    elif application_type is not ApplicationType.NATIVE or not _PRIVATE_SCHEME.match(scheme):
        raise BadRedirectUri(
            text(
                "%(uri)r is neither https, nor http on this very machine, nor a native "
                "application's own scheme such as com.example.app.",
                uri=uri,
            )
        )


def _check_host(uri: str, scheme: str) -> None:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadRedirectUri(text("%(uri)r names no host.", uri=uri)) from error
    if "@" in parts.netloc:
        raise BadRedirectUri(text("%(uri)r names somebody before its host.", uri=uri))
    if scheme == "http" and host not in _LOOPBACK_HOSTS:
        raise BadRedirectUri(text("%(uri)r would send codes in the clear: use https.", uri=uri))
    # The whole of it: what stands behind a bracket is no part of the host that urlsplit tells.
    if not _NETLOC.match(parts.netloc):
        raise BadRedirectUri(text("%(uri)r names no host.", uri=uri))


def check_origin(uri: str) -> None:
    """Refuse what no page of an application comes from. Raises ``BadRedirectUri``."""
    check(f"{uri}/", ApplicationType.WEB)
    if origin(uri) != uri:
        raise BadRedirectUri(
            text("%(uri)r is no origin: scheme and host, with a port that it needs.", uri=uri)
        )


def is_registered(
    uri: str, registered: Collection[str], application_type: ApplicationType, *, public: bool
) -> bool:
    """Whether a request means an address of the client.

    A native application may choose the port on a loopback address (RFC 8252 section 7.3). On
    ``localhost``, which a machine can take for another one, only a public client may, whose codes
    are worth nothing without its PKCE verifier, and which has registered it without a port.
    """
    if uri in registered:
        return True
    if application_type is not ApplicationType.NATIVE or len(uri) > LONGEST:
        return False
    portless = _without_port(_LOOPBACK, uri)
    if portless is not None:
        return portless in {_without_port(_LOOPBACK, each) for each in registered}
    return public and _without_port(_LOCALHOST, uri) in registered


def is_claimed(uri: str) -> bool:
    """Whether only the owner of a host can receive what is sent there (RFC 8252 section 8.6)."""
    return uri.startswith("https:")


def is_loopback(uri: str) -> bool:
    """Whether it leads to the machine that the browser is on."""
    return urlsplit(uri).hostname in _LOOPBACK_HOSTS


def origin(uri: str) -> str:
    """The origin of the pages at a web address, as a browser writes it (RFC 6454 section 6.1)."""
    parts = urlsplit(uri)
    default = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(default)}"


def origins(uris: Iterable[str]) -> set[str]:
    """The origins of those where a browser finds a page, rather than a program of the machine's."""
    pages = (uri for uri in uris if uri.partition(":")[0] in _WEB)
    with suppress(ValueError):  # whoever registers them is told elsewhere
        return {origin(uri) for uri in pages}
    return set()


def with_query(uri: str, answer: Mapping[str, str]) -> str:
    """The address with an answer in its query."""
    # What the client registered stays as it is, byte for byte (RFC 6749 section 3.1.2).
    joint = "&" if urlsplit(uri).query else ("" if uri.endswith("?") else "?")
    return f"{uri}{joint}{urlencode(answer)}"


def form_target(uri: str) -> str:
    """What a page must name to let its form lead there, and on to where the application leads.

    Chromium holds ``form-action`` against the application's own redirects as well, and nobody but
    the application knows to which host they go. On the machine itself that is often plain ``http``.
    """
    scheme = uri.partition(":")[0]
    return "https:" if scheme == "https" else f"https: {scheme}:"


def _without_port(host: re.Pattern[str], uri: str) -> str | None:
    match = host.match(uri)
    return None if match is None else f"{match[1]}{match[2]}"
