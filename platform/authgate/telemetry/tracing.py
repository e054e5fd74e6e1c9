"""Traces: where the time of a request went, told to an OpenTelemetry collector.

Off until the settings name a collector. Then nothing of OpenTelemetry is imported, and none of the
wrappers that make spans is built: a request pays nothing. What a span may say is the list here: no
secret, no name of a person, no address.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from contextvars import Context
from enum import StrEnum
from importlib.util import find_spec
from typing import Literal, Protocol

from pydantic import SecretStr

from authgate.telemetry import logs

Kind = Literal["server", "client", "producer", "consumer"]


class Attribute(StrEnum):
    """Everything that a span may say, by the names of OpenTelemetry's conventions."""

    METHOD = "http.request.method"
    """HTTP's methods; any other is ``_OTHER``."""

    ROUTE = "http.route"
    """The route as it is declared, never the path that was asked for."""

    STATUS = "http.response.status_code"
    """The answer's status."""

    SYSTEM = "db.system.name"
    """``postgresql``, ``sqlite`` or ``redis``."""

    OPERATION = "db.operation.name"
    """The statement's verb, or the command of Redis; never its values or keys."""

    TABLE = "db.collection.name"
    """The table that a statement is about."""

    QUEUE = "messaging.system"
    """``celery`` or ``in-process``."""

    JOB = "authgate.job"
    """What a job is called."""

    JOB_RESULT = "authgate.job.result"
    """How a job ended."""

    TENANT = "authgate.tenant"
    """Slug of the tenant."""

    REQUEST_ID = "authgate.request_id"
    """The id that is in the log lines, the audit log and the answer's ``X-Request-ID``."""

    ERROR = "error.type"
    """Class of what went wrong, never its text."""


Attributes = Mapping[Attribute, str | int]


class Tracer(Protocol):
    """Makes spans. What is open belongs to the task, as a context variable does."""

    def root(
        self, name: str, kind: Kind, attributes: Attributes, *, traceparent: str = ""
    ) -> AbstractContextManager[None]:
        """A span that begins here; it goes on with a trace where one is named (W3C)."""

    def child(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[None]:
        """A span inside of the open one; nothing where none is open or it is not kept."""

    def note(self, attributes: Attributes, *, name: str = "", failed: bool = False) -> None:
        """Say more about the open span, or how it is called."""

    def traceparent(self) -> str:
        """The open span as W3C's header names it; empty where none is open."""

    def context(self) -> Context:
        """A context that holds the open span and nothing else."""

    def ids(self) -> Mapping[str, str]:
        """``trace_id`` and ``span_id`` of the open span, for log lines."""


class Untraced:
    """Makes no spans."""

    def root(
        self, name: str, kind: Kind, attributes: Attributes, *, traceparent: str = ""
    ) -> AbstractContextManager[None]:
        return nullcontext()

    def child(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, attributes: Attributes, *, name: str = "", failed: bool = False) -> None:
        return None

    def traceparent(self) -> str:
        return ""

    def context(self) -> Context:
        return Context()

    def ids(self) -> Mapping[str, str]:
        return {}


UNTRACED: Tracer = Untraced()
"""For what is too rare to be built in two ways: jobs and plugins."""


class TraceSettings(Protocol):
    """The part of the settings that traces ask for."""

    @property
    def endpoint(self) -> str: ...

    @property
    def headers(self) -> SecretStr | None: ...

    @property
    def sample_ratio(self) -> float: ...

    @property
    def service_name(self) -> str: ...


class TracingNotInstalled(RuntimeError):
    """Traces are wanted, but what makes them is not there."""


def require_installed(settings: TraceSettings) -> None:
    """Raises ``TracingNotInstalled`` where traces are wanted and cannot be made."""
    if settings.endpoint and not _is_installed():
        raise TracingNotInstalled("tracing.endpoint needs: pip install 'authgate[otel]'")


def _is_installed() -> bool:
    return all(
        find_spec("opentelemetry") and find_spec(name)
        for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
    )


@asynccontextmanager
async def opened(settings: TraceSettings) -> AsyncIterator[Tracer | None]:
    """What makes spans until the block ends, or nothing. Raises ``TracingNotInstalled``."""
    if not settings.endpoint:
        yield None
        return
    require_installed(settings)
    from authgate.telemetry.spans import Spans

    spans = Spans(settings)
    logs.trace_ids = spans.ids
    try:
        yield spans
    finally:
        logs.trace_ids = logs.no_trace
        await spans.close()
