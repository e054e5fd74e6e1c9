"""The span of a request, around everything that answers it. Built only where traces are wanted.

It stands outside of the edge, so while it is there machine endpoints are reached through ASGI.
"""

from authgate.telemetry.tracing import Attribute, Tracer
from authgate.web.client_ip import ClientAddress
from authgate.web.edge import App
from authgate.web.exchange import Receive, Scope, Send

_PROBES = frozenset({"/livez", "/readyz", "/startupz", "/health", "/metrics"})
"""Asked every few seconds for ever: nobody looks for where their time went."""

_TRACEPARENT = b"traceparent"


class TracedApp:
    """An ASGI application whose requests are spans."""

    def __init__(self, app: App, tracer: Tracer, addresses: ClientAddress) -> None:
        self._app = app
        self._tracer = tracer
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        # The name and the rest are noted once they are known.
        about = {Attribute.METHOD: "_OTHER"}
        with self._tracer.root("HTTP", "server", about, traceparent=self._above(scope)):
            await self._app(scope, receive, send)

    def _above(self, scope: Scope) -> str:
        """The trace that a trusted proxy began. From anybody else it would be a way to have
        himself traced, or not traced, and to write into other people's traces."""
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._addresses.trusts(peer):
            return ""
        named = [value for name, value in scope["headers"] if name == _TRACEPARENT]
        return named[0].decode("latin-1") if len(named) == 1 else ""
