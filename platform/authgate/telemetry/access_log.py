"""One line for each answered request, cheap enough to be written for every one.

It bypasses ``logging``: what is in the line is chosen here and by our router, so nothing in it
needs to be searched for secrets, and it costs a fifth of an ordinary line.
"""

import asyncio
import ipaddress
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF

import orjson
import structlog

from authgate.telemetry.logs import LineHandler, LogSettings

_log = structlog.get_logger(__name__)

_Fields = dict[str, str | int | float]

_FAILED = 500
_NANOSECONDS_OF_ONE = 1_000_000  # millisecond
_LONGEST_ID = 64
_IPV4_KEPT, _IPV6_KEPT = 24, 48


class AccessLog:
    """Writes a line per request where the level lets it; always for a failure of ours.

    The lines of one turn of the event loop are written at once, at its end.
    """

    def __init__(self, settings: LogSettings, handler: LineHandler) -> None:
        self._every = settings.log_level in ("debug", "info")
        self._json = settings.log_format == "json"
        self._handler = handler
        self._lines: list[bytes] = []

    def answered(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        request_id: str,
        tenant: str,
        ip: str,
    ) -> None:
        """Note a request by its route as it is declared, never by the URL that was asked for."""
        if not self._every and status < _FAILED:
            return
        fields: _Fields = {
            "request_id": request_id[:_LONGEST_ID] if request_id.isprintable() else "invalid",
            "tenant": tenant,
            "method": method[:16] if method.isprintable() else "invalid",
            "route": route.partition("?")[0],
            "status": status,
            "dur_ms": int(seconds * 100_000 + 0.5) / 100,  # round() would go through a text
            "ip": ip_prefix(ip),
        }
        level = "error" if status >= _FAILED else "info"
        if self._json:
            self._add(level, fields)
        else:
            getattr(_log, level)("request", **fields)

    def _add(self, level: str, fields: _Fields) -> None:
        line = {
            "ts": _moment(),
            "level": level,
            "event": "request",
            "logger": __name__,
            **fields,
        }
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        together = b"".join(lines)
        # What a pipe takes at once has no line of another process between its own.
        pieces = [together] if len(together) <= PIPE_BUF else _pieces(lines)
        # A reader that went away fails no request.
        with suppress(OSError, ValueError):
            for piece in pieces:
                self._handler.write(piece.decode())


def _pieces(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines, as many together as a pipe takes at once."""
    together = b""
    for line in lines:
        if together and len(together) + len(line) > PIPE_BUF:
            yield together
            together = b""
        together += line
    yield together


def _moment() -> str:
    seconds, rest = divmod(time.time_ns() // _NANOSECONDS_OF_ONE, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=4096)
def ip_prefix(ip: str) -> str:
    """The network that an address is in (/24, /48 for IPv6): it tells of abuse, not of a person."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return "invalid" if ip else ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    kept = _IPV4_KEPT if address.version == 4 else _IPV6_KEPT
    return str(ipaddress.ip_network((address, kept), strict=False))
