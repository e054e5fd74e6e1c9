"""A request on its way to its answer: what is known of it, and what every answer carries."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from enum import Enum
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple

from uuid_utils import uuid7

from authgate.audit import RequestFacts
from authgate.telemetry import metrics
from authgate.telemetry.access_log import AccessLog
from authgate.web.client_ip import ClientAddress
from authgate.web.machine import Gone, Headers, Reply
from authgate.web.security_headers import (
    Answer,
    page_headers,
    preview_headers,
    security_headers,
)
from authgate_tenants import Tenant

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WITHOUT_LENGTH = frozenset({204, 304})
"""Answers that do not say how long they are (RFC 9110 section 8.6): the first must not, the second
has no content of its own to measure."""

_API = re.compile(r"(?:/t/[^/]*)?/+(?:api|operator/v1)(?:/|\Z)")
_SCIM = re.compile(r"(?:/t/[^/]*)?/+scim(?:/|\Z)")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}\Z")


class Wording(Enum):
    """How somebody is told no."""

    PAGE = "page"
    """For a person at a browser."""

    OAUTH = "oauth"
    """For a program (RFC 6749 section 5.2)."""

    PROBLEM = "problem"
    """For a program that calls an API (RFC 9457)."""

    SCIM = "scim"
    """For a directory that provisions people (RFC 7644 section 3.12)."""


class RequestHead(NamedTuple):
    """What a request begins with, whatever server has read it. Names of fields are lower-case."""

    method: str
    path: str
    """Percent-decoded, without the query."""
    query: bytes
    headers: Iterable[tuple[bytes, bytes]]
    peer: str
    """The address at the other end of the connection; empty where there is none."""
    raw_path: bytes = b""
    """As it was sent; empty where the request is for a machine endpoint."""
    gone: Gone | None = None
    """Not asked before all of the request is here; ``None`` where nobody would know."""


class Answered(NamedTuple):
    """A reply with what every answer carries but its length and its date."""

    status: int
    headers: Headers
    """Few different ones: they can be remembered. The request's id is not among them."""
    request_id: str
    body: bytes


class Exchange:
    """A request on its way to its answer."""

    __slots__ = (
        "_access_log", "_https", "_status", "began", "client_ip", "form_target", "frame_sources",
        "goes_on", "head", "host", "is_preview", "origin", "request_id", "route", "tenant",
        "user_agent", "wants_html",
    )  # fmt: skip

    def __init__(
        self,
        head: RequestHead,
        addresses: ClientAddress,
        access_log: AccessLog,
        *,
        https: bool,
    ) -> None:
        self.began = perf_counter()
        self._access_log = access_log
        self._https = https
        self._status = 500
        self.head = head
        self.route = "other"
        self.tenant: Tenant | None = None
        self.host = self.user_agent = self.form_target = self.origin = ""
        self.frame_sources: tuple[str, ...] = ()
        self.wants_html = self.is_preview = False
        self.goes_on = False
        """Whether the answer has no end of its own: it is measured by when it began."""
        self.request_id = ""
        for name, value in head.headers:
            if name == b"host":
                self.host = value.decode("latin-1")
            elif name == b"user-agent":
                self.user_agent = value.decode("latin-1")
            elif name == b"accept":
                self.wants_html = b"text/html" in value
            elif name == b"origin":
                # Of another page than ours, mostly; two are nobody's.
                self.origin = value.decode("latin-1") if not self.origin else "null"
            elif name == b"x-request-id" and addresses.trusts(head.peer):
                # From anybody else it would be a lie in the logs and in the audit log.
                self.request_id = value.decode("ascii") if _REQUEST_ID.match(value) else ""
        self.request_id = self.request_id or uuid7().hex
        self.client_ip = addresses.of(head.peer, head.headers)

    @property
    def wording(self) -> Wording:
        """How this request would be refused."""
        if _API.match(self.head.path):
            return Wording.PROBLEM
        if _SCIM.match(self.head.path):
            return Wording.SCIM
        return Wording.PAGE if self.wants_html else Wording.OAUTH

    def facts(self) -> RequestFacts:
        """What the audit log says about where this came from."""
        return RequestFacts(self.client_ip, self.user_agent, self.request_id)

    def answered(self, reply: Reply) -> Answered:
        """The whole answer, which is counted and logged by this."""
        self._finish(reply.status, reply.waited)
        headers = _complete(reply.headers, https=self._https)
        if reply.own:
            headers += reply.own
        return Answered(reply.status, headers, self.request_id, reply.body)

    async def passing_through(self, send: Send, message: Message) -> None:
        """Send what Quart answers, with the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            common = self._page_headers()
            own = (b"x-request-id", self.request_id.encode())
            message["headers"] = [*message["headers"], own, *common]
            if self.goes_on:
                self._finish(self._status)
        await send(message)
        is_last = message["type"] == "http.response.body" and not message.get("more_body")
        if is_last and not self.goes_on:
            self._finish(self._status)

    def _page_headers(self) -> Headers:
        if self.is_preview:
            return preview_headers(https=self._https)
        return page_headers(
            https=self._https, form_target=self.form_target, frame_sources=self.frame_sources
        )

    def _finish(self, status: int, waited: float = 0.0) -> None:
        # How long a client asked to wait says nothing of how quick we are.
        seconds = perf_counter() - self.began - waited
        method = self.head.method
        metrics.request_answered(route=self.route, method=method, status=status, seconds=seconds)
        self._access_log.answered(
            method=method,
            route=self.route,
            status=status,
            seconds=seconds,
            request_id=self.request_id,
            tenant=self.tenant.slug if self.tenant else "",
            ip=self.client_ip,
        )


@lru_cache(maxsize=1024)
def _complete(headers: Headers, *, https: bool) -> Headers:
    is_page = dict(headers).get(b"content-type", b"").startswith(b"text/html")
    return headers + security_headers(Answer.PAGE if is_page else Answer.DATA, https=https)
