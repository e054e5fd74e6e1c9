"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Imported only where traces are wanted.

The provider is ours and not the process's: nothing else in it makes spans by accident.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context
from urllib.parse import unquote

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode, format_span_id, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from authgate import __version__
from authgate.telemetry.tracing import Attribute, Attributes, Kind, TraceSettings

_KINDS: Mapping[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}

_HEADER = "traceparent"
_W3C = TraceContextTextMapPropagator()

_SEND_SECONDS = 5.0
_LAST_SECONDS = 2.0
"""How long a process that ends waits for what it still has to send."""


def otlp_exporter(settings: TraceSettings) -> SpanExporter:
    """What sends spans; its TLS and compression follow ``OTEL_EXPORTER_OTLP_…``."""
    return OTLPSpanExporter(
        endpoint=settings.endpoint, headers=_headers(settings), timeout=_SEND_SECONDS
    )


def _headers(settings: TraceSettings) -> dict[str, str]:
    # The library's own reader logs the headers that it does not understand.
    given = settings.headers.get_secret_value() if settings.headers else ""
    pairs = (each.partition("=") for each in given.split(",") if each.strip())
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


class Spans:
    """Makes spans and sends them, from a thread of their own."""

    def __init__(self, settings: TraceSettings, *, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
            resource=Resource.create(
                {"service.name": settings.service_name, "service.version": __version__}
            ),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or otlp_exporter(settings)))
        self._tracer = self._provider.get_tracer("authgate", __version__)

    @contextmanager
    def root(
        self, name: str, kind: Kind, attributes: Attributes, *, traceparent: str = ""
    ) -> Iterator[None]:
        """A span that begins here, or goes on with the trace that is named."""
        above = _W3C.extract({_HEADER: traceparent}, otel_context.Context())
        with self._span(name, kind, attributes, above):
            yield

    @contextmanager
    def child(self, name: str, kind: Kind, attributes: Attributes) -> Iterator[None]:
        """A span inside of the open one, if that is kept."""
        if not trace.get_current_span().is_recording():
            yield
            return
        with self._span(name, kind, attributes, None):
            yield

    def note(self, attributes: Attributes, *, name: str = "", failed: bool = False) -> None:
        """Say more about the open span."""
        span = trace.get_current_span()
        span.set_attributes({str(key): value for key, value in attributes.items()})
        if name:
            span.update_name(name)
        if failed:
            span.set_status(Status(StatusCode.ERROR))

    def traceparent(self) -> str:
        """The open span as W3C's header names it."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_HEADER, "")

    def context(self) -> Context:
        """A context that holds the open span and nothing else."""
        fresh, span = Context(), trace.get_current_span()
        fresh.run(otel_context.attach, trace.set_span_in_context(span, otel_context.Context()))
        return fresh

    def ids(self) -> Mapping[str, str]:
        """The open span, for log lines."""
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            return {}
        return {
            "trace_id": format_trace_id(span.trace_id),
            "span_id": format_span_id(span.span_id),
        }

    async def close(self) -> None:
        """Send what there is. A collector that does not answer holds up nobody's end."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(sent.set)

        # Not the loop's own threads: the end of the process would wait for them.
        threading.Thread(target=send, name="last-spans", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await sent.wait()

    @contextmanager
    def _span(
        self, name: str, kind: Kind, attributes: Attributes, above: otel_context.Context | None
    ) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            context=above,
            kind=_KINDS[kind],
            attributes={str(key): value for key, value in attributes.items()},
            # Both would write down the error's text, and what that holds nobody knows.
            record_exception=False,
            set_status_on_exception=False,
        ):
            try:
                yield
            except Exception as error:
                self.note({Attribute.ERROR: type(error).__name__}, failed=True)
                raise
