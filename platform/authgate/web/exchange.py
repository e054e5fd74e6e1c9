"""A request on its way to its answer: what is known of it, and what every answer carries."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from uuid_utils import uuid7

from authgate.audit import RequestFacts
from authgate.telemetry import metrics
from authgate.telemetry.access_log import AccessLog
from authgate.web.client_ip import ClientAddress
from authgate.web.machine import Headers, Reply
from authgate.web.security_headers import Answer, security_headers
from authgate_tenants import Tenant

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NOT_MODIFIED = 304
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}\Z")


class Exchange:
    """A request on its way to its answer."""

    __slots__ = (
        "_access_log", "_began", "_https", "_method", "_send", "_status",
        "client_ip", "host", "request_id", "route", "tenant", "user_agent", "wants_html",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        send: Send,
        addresses: ClientAddress,
        access_log: AccessLog,
        *,
        https: bool,
    ) -> None:
        self._began = perf_counter()
        self._access_log = access_log
        self._https = https
        self._method: str = scope["method"]
        self._send = send
        self._status = 500
        self.route = "other"
        self.tenant: Tenant | None = None
        self.host = self.user_agent = ""
        self.wants_html = False
        self.request_id = ""
        peer = scope["client"][0] if scope.get("client") else ""
        for name, value in scope["headers"]:
            if name == b"host":
                self.host = value.decode("latin-1")
            elif name == b"user-agent":
                self.user_agent = value.decode("latin-1")
            elif name == b"accept":
                self.wants_html = b"text/html" in value
            elif name == b"x-request-id" and addresses.trusts(peer) and _REQUEST_ID.match(value):
                # From anybody else it would be a lie in the logs and in the audit log.
                self.request_id = value.decode("ascii")
        self.request_id = self.request_id or uuid7().hex
        self.client_ip = addresses.of(peer, scope["headers"])

    def facts(self) -> RequestFacts:
        """What the audit log says about where this came from."""
        return RequestFacts(
            ip=self.client_ip, user_agent=self.user_agent, request_id=self.request_id
        )

    async def answer(self, reply: Reply) -> None:
        """Send a whole reply."""
        self._status = reply.status
        headers = [*_length(reply), *reply.headers, *self._common(_kind(reply))]
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )
        body = b"" if self._method == "HEAD" else reply.body
        await self._send({"type": "http.response.body", "body": body})
        self._finish()

    async def passing_through(self, message: Message) -> None:
        """Send what Quart answers, with the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], *self._common(Answer.PAGE)]
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._finish()

    def _common(self, answer: Answer) -> Headers:
        return (
            (b"x-request-id", self.request_id.encode()),
            *security_headers(answer, https=self._https),
        )

    def _finish(self) -> None:
        seconds = perf_counter() - self._began
        metrics.request_answered(
            route=self.route, method=self._method, status=self._status, seconds=seconds
        )
        self._access_log.answered(
            method=self._method,
            route=self.route,
            status=self._status,
            seconds=seconds,
            request_id=self.request_id,
            tenant=self.tenant.slug if self.tenant else "",
            ip=self.client_ip,
        )


def _length(reply: Reply) -> Headers:
    # RFC 9110 section 8.6: a 304 has no content of its own to measure.
    if reply.status == _NOT_MODIFIED:
        return ()
    return ((b"content-length", str(len(reply.body)).encode()),)


def _kind(reply: Reply) -> Answer:
    return Answer.PAGE if reply.content_type().startswith(b"text/html") else Answer.DATA
