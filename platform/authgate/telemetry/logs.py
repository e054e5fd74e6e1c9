"""Log lines: one JSON object each, or coloured text for eyes, on standard error.

Our modules log by ``structlog.get_logger(__name__)``, libraries by ``logging``; both end here, in
the same form, with the request and the tenant they belong to. An event is a short text that never
changes; what differs goes into fields.
"""

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, Protocol, TextIO

import orjson
import structlog

from authgate.telemetry.redaction import Plain, one_line, redacted, text
from authgate_tenants.scope import tenant_in_scope

request_id: ContextVar[str] = ContextVar("authgate_request_id", default="")
"""The request that is being answered here. Set at the edge."""


def no_trace() -> Mapping[str, str]:
    """Nothing is traced."""
    return {}


trace_ids: Callable[[], Mapping[str, str]] = no_trace
"""Names the trace and the span that a line belongs to. Set where traces are made."""

_FIELDS = "authgate_fields"
_MOST_FRAMES = 24
_MOST_CAUSES = 4

# What these say below the given level holds statements with their values or URLs with their
# queries, or says again what we say ourselves.
_LIBRARIES = {
    "aiosqlite": logging.WARNING,
    "asyncio": logging.WARNING,
    "celery": logging.INFO,
    "celery.app.trace": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,
    "httpx": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore": logging.WARNING,
    "hypercorn.access": logging.CRITICAL,
    "hypercorn.error": logging.INFO,
    "kombu": logging.WARNING,
    "tortoise": logging.WARNING,
    "tortoise.db_client": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "uvicorn.error": logging.INFO,
}
# What these tell of is shared by all requests, and they say it in the name of whichever one opened
# a connection or happened to be there.
_OF_NO_REQUEST = frozenset({"asyncio", "asyncpg"})

_OURS = ("authgate", "authgate_tenants", "authgate_workers")


class LogSettings(Protocol):
    """The part of the settings that logs ask for."""

    @property
    def log_format(self) -> str: ...

    @property
    def log_level(self) -> str: ...


class LineHandler(logging.Handler):
    """Writes whole lines, each by one call, so that processes can share a pipe."""

    def __init__(self, formatter: logging.Formatter, stream: TextIO | None) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - a line that cannot be written fails no request
            self.handleError(record)

    def write(self, line: str) -> None:
        """Write a line that has been formatted already."""
        # Asked each time: who catches the output of a test replaces it.
        stream = self._stream or sys.stderr
        stream.write(line)
        stream.flush()


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(_line(record)).decode()


class ConsoleLines(logging.Formatter):
    """Text for eyes, coloured on a terminal."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__()
        self._renderer = structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="ts")

    def format(self, record: logging.LogRecord) -> str:
        line = _line(record)
        stack = line.pop("stack", [])
        line["ts"] = str(line["ts"])[11:23]
        below = [f"    {frame}" for frame in stack] if isinstance(stack, list) else []
        return "\n".join([str(self._renderer(None, "", line)), *below])


def configure(settings: LogSettings, *, stream: TextIO | None = None) -> LineHandler:
    """Send every log line of this process to ``stream``, standard error by default."""
    handler = LineHandler(_formatter(settings, stream or sys.stderr), stream)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name, least in _LIBRARIES.items():
        library = logging.getLogger(name)
        library.handlers[:], library.propagate = [], True
        library.setLevel(max(level, least))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            _as_record,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return handler


def _formatter(settings: LogSettings, stream: TextIO) -> logging.Formatter:
    if settings.log_format == "json":
        return JsonLines()
    return ConsoleLines(colors=stream.isatty())


def _as_record(
    _logger: Any, _method: str, fields: MutableMapping[str, Any]
) -> tuple[tuple[str], dict[str, Any]]:
    """Hand a line on to ``logging`` with its fields unharmed, for whatever handler is there."""
    event, error = str(fields.pop("event", "")), fields.pop("exc_info", None)
    return (event,), {"exc_info": error, "extra": {_FIELDS: dict(fields)}}


def _line(record: logging.LogRecord) -> dict[str, Plain]:
    line: dict[str, Plain] = {
        "ts": _moment(record.created),
        "level": record.levelname.lower(),
        "event": text(_message(record)),
        "logger": record.name,
        **({} if record.name.partition(".")[0] in _OF_NO_REQUEST else _surroundings()),
    }
    fields = structlog.contextvars.get_contextvars() | getattr(record, _FIELDS, {})
    line |= {name: value for name, value in redacted(fields).items() if name not in line}
    if record.exc_info and record.exc_info[1] is not None:
        line |= _told(record.exc_info[1])
    return line


def _moment(created: float) -> str:
    moment = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library's wrong arguments still make a line
        return str(record.msg)


def _surroundings() -> Mapping[str, str]:
    tenant = tenant_in_scope()
    asked = request_id.get()
    found = {
        "request_id": one_line(asked) if asked else "",
        "tenant": tenant.slug if tenant else "",
    }
    return {name: value for name, value in found.items() if value} | dict(trace_ids())


def _told(error: BaseException) -> dict[str, Plain]:
    """What went wrong, where, and why: no line of source, no value of a variable."""
    told: dict[str, Plain] = {
        "error": text(f"{type(error).__qualname__}: {error}"),
        "stack": list(_frames(error.__traceback__)),
    }
    causes = [text(f"{type(each).__qualname__}: {each}") for each in _causes(error)]
    return told | ({"caused_by": list(causes)} if causes else {})


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = [
        f"{_place(frame.f_code.co_filename)}:{line} {frame.f_code.co_qualname}"
        for frame, line in walk_tb(traceback)
    ]
    return frames[-_MOST_FRAMES:]


def _place(file: str) -> str:
    return "/".join(Path(file).parts[-3:]).lstrip("/")


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while following is not None and following not in causes and len(causes) < _MOST_CAUSES:
        causes.append(following)
        following = following.__cause__ or following.__context__
    return causes
