"""Plugins' requests as spans, which the asked server may go on with (W3C trace context)."""

from collections.abc import Mapping

from authgate.plugin_api import HttpClient, HttpResponse
from authgate.telemetry.tracing import Attribute, Tracer


class TracedHttp:
    """The ``HttpClient`` of plugins while traces are made.

    A span tells how a request ended; where it went is the tenant's business.
    """

    def __init__(self, http: HttpClient, tracer: Tracer) -> None:
        self._http = http
        self._tracer = tracer

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Ask for a resource. Raises ``HttpFailure``."""
        with self._tracer.child("GET", "client", {Attribute.METHOD: "GET"}):
            return self._noted(await self._http.get(url, headers=self._with_trace(headers)))

    async def post(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send a form. Raises ``HttpFailure``."""
        with self._tracer.child("POST", "client", {Attribute.METHOD: "POST"}):
            answer = await self._http.post(url, form=form, headers=self._with_trace(headers))
            return self._noted(answer)

    async def post_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send these very bytes. Raises ``HttpFailure``."""
        with self._tracer.child("POST", "client", {Attribute.METHOD: "POST"}):
            answer = await self._http.post_bytes(
                url, content=content, content_type=content_type, headers=self._with_trace(headers)
            )
            return self._noted(answer)

    async def put_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Have these bytes be there. Raises ``HttpFailure``."""
        with self._tracer.child("PUT", "client", {Attribute.METHOD: "PUT"}):
            answer = await self._http.put_bytes(
                url, content=content, content_type=content_type, headers=self._with_trace(headers)
            )
            return self._noted(answer)

    def _with_trace(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        above = self._tracer.traceparent()
        return dict(headers or {}) | ({"traceparent": above} if above else {})

    def _noted(self, answer: HttpResponse) -> HttpResponse:
        self._tracer.note({Attribute.STATUS: answer.status}, failed=answer.status >= 400)
        return answer
