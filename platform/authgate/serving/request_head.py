"""What the head of a request may be (RFC 9112 sections 2.2, 3, 5.2 and 6), whoever parses it.

A head that two parsers can read in two ways is how a second request is smuggled past a proxy, so
such a head is refused and its connection closed.
"""

from collections.abc import Collection, Iterable

MAX_HEAD_BYTES = 16 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_FIELDS = 100

HEAD_SECONDS = 5.0
"""From the first byte of a head, or from a new connection, until the head is whole."""

KEEP_ALIVE_SECONDS = 75.0
"""Between two requests; longer than the 60 s that common load balancers keep idle connections,
so that it is they who close them."""

CLEAR_COOKIES = (b"clear-site-data", b'"cookies"')
"""What a browser is told whose cookies make each of its requests too large: it could not even sign
out. It forgets those of the whole domain, so nobody is told so who could not plant cookies there.
"""

_COOKIE = b"cookie:"
_LONGEST_METHOD_AND_VERSION = 32
_FIELD_MARKS = len(b": \r\n")
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})


class HeadRefused(Exception):
    """The request is refused before the application hears of it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def check_received(received: bytes) -> None:
    """Refuse bytes that are, or begin, a head that is too large or not delimited by CRLF alone.

    For parsers that forgive bare LF and obsolete folding, and so leave no trace of them.
    """
    head = received.partition(b"\r\n\r\n")[0]
    request_line, *fields = head.split(b"\r\n")
    if len(request_line) > MAX_TARGET_BYTES + _LONGEST_METHOD_AND_VERSION:
        raise HeadRefused(414, "request target too long")
    if len(head) > MAX_HEAD_BYTES or len(fields) > MAX_FIELDS:
        raise HeadRefused(431, "request head too large")
    if b"\n" in request_line or any(b"\n" in field for field in fields):
        raise HeadRefused(400, "bare LF")
    if any(field.startswith((b" ", b"\t")) for field in fields):
        raise HeadRefused(400, "obsolete line folding")


def is_of_cookies(fields: Iterable[bytes]) -> bool:
    """Whether cookies are most of what a head may hold, given its lines or their beginnings."""
    cookies = sum(len(field) for field in fields if field[: len(_COOKIE)].lower() == _COOKIE)
    return cookies > MAX_HEAD_BYTES * 3 // 4


def check_request(
    *, method: bytes, target: bytes, http_version: str, fields: Collection[tuple[bytes, bytes]]
) -> None:
    """Refuse a parsed head that is not about one resource of ours with one body of known length.

    ``fields`` have lower-case names.
    """
    _check_line(method, target, http_version)
    if len(fields) > MAX_FIELDS:
        raise HeadRefused(431, "too many header fields")
    size = len(target)
    framing = []
    for name, value in fields:
        size += len(name) + len(value) + _FIELD_MARKS
        if name in _FRAMING:
            framing.append((name, value))
    if size > MAX_HEAD_BYTES:
        raise HeadRefused(431, "request head too large")
    _check_framing(framing, http_version=http_version)


def _check_line(method: bytes, target: bytes, http_version: str) -> None:
    if http_version not in ("1.0", "1.1"):
        # RFC 9110 section 15.6.6 has 505 for another major version. No request says one below 1;
        # what says none passes for it.
        is_major = not http_version.startswith(("0", "1"))
        raise HeadRefused(505 if is_major else 400, "HTTP version not supported")
    if len(target) > MAX_TARGET_BYTES:
        raise HeadRefused(414, "request target too long")
    # Methods tell small letters from capitals (RFC 9110 section 9.1); some servers do not.
    if method == b"CONNECT" or not method.isupper():
        raise HeadRefused(400, "no such method, and no tunnel is opened")
    # The absolute form would bring a second host name: no client sends it to an origin server.
    if not target.startswith(b"/") or b"#" in target:
        raise HeadRefused(400, "request target not in origin form")


def _check_framing(framing: list[tuple[bytes, bytes]], *, http_version: str) -> None:
    names = [name for name, _ in framing]
    hosts, codings = names.count(b"host"), names.count(b"transfer-encoding")
    if codings:
        if codings > 1 or dict(framing)[b"transfer-encoding"].lower() != b"chunked":
            raise HeadRefused(501, "transfer coding not supported")
        if b"content-length" in names or http_version == "1.0":
            raise HeadRefused(400, "ambiguous message length")
    if hosts > 1 or (hosts == 0 and http_version == "1.1"):
        raise HeadRefused(400, "not one Host")
