"""An OpenTelemetry collector on loopback: takes traces by OTLP over HTTP, and remembers them."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from authgate_testing.processes import LOOPBACK
from authgate_testing.secrets_watch.watch import WATCH

_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TakenSpan:
    """A span as it was sent."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for the first of its trace."""

    attributes: dict[str, Any]
    failed: bool
    events: int
    service: str


@dataclass(slots=True)
class Collector:
    """What has been sent here."""

    url: str
    spans: list[TakenSpan] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request, by lower-case name."""

    bodies: list[bytes] = field(default_factory=list)

    async def taken(self, name: str, count: int = 1) -> list[TakenSpan]:
        """Wait until so many spans of this name are here."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(self.named(name)) < count:  # noqa: ASYNC110 - it comes from another thread
                await asyncio.sleep(0.02)
        return self.named(name)

    def named(self, name: str) -> list[TakenSpan]:
        """The spans of this name that are here."""
        return [span for span in self.spans if span.name == name]

    def below(self, span: TakenSpan) -> list[TakenSpan]:
        """The spans directly inside of this one."""
        return [each for each in self.spans if each.parent_id == span.span_id]

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Remember a request."""
        self.headers.append(headers)
        content = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        self.bodies.append(content)
        WATCH.read("traces: a collector", content)
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            service = _values(list(resource.resource.attributes)).get("service.name", "")
            for scope in resource.scope_spans:
                self.spans += [_taken(span, service) for span in scope.spans]


def _taken(span: Span, service: str) -> TakenSpan:
    return TakenSpan(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_values(list(span.attributes)),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        events=len(span.events),
        service=service,
    )


def _values(pairs: list[KeyValue]) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on a free port until the block ends."""
    listening = ThreadingHTTPServer((LOOPBACK, 0), BaseHTTPRequestHandler)
    collector = Collector(f"http://{LOOPBACK}:{listening.server_port}/v1/traces")

    class Request(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take({name.lower(): value for name, value in self.headers.items()}, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    listening.RequestHandlerClass = Request
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
