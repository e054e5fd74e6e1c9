"""Where every request comes in: who asks, which tenant it is for, and through which door it goes.

Machine endpoints are answered here by plain functions; everything else goes on to Quart with the
tenant's prefix as ``root_path``. Neither door names a tenant in its routes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from authgate import audit
from authgate.telemetry import logs
from authgate.telemetry.access_log import AccessLog
from authgate.web.client_ip import ClientAddress
from authgate.web.exchange import Exchange, Receive, Scope, Send
from authgate.web.machine import Handler, MachineRequest, Reply, Routes
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.resolver import Resolved, TenantResolver, UnknownHost

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refusals(Protocol):
    """How the edge says no, for a browser or for a program."""

    def no_tenant(self, request_id: str, *, html: bool) -> Reply: ...

    def unknown_host(self, request_id: str, *, html: bool) -> Reply: ...

    def suspended(self, request_id: str, *, html: bool) -> Reply: ...

    def of(self, error: Exception) -> Reply:
        """The answer to an error that a machine endpoint raised."""

    def failed(self, error: Exception, request_id: str, *, html: bool) -> Reply:
        """The answer to an error that came before anybody knew which door it is for."""


_TELLS_OF_BODY = frozenset({b"content-length", b"transfer-encoding"})
"""Without one of these a request has no body (RFC 9112 section 6.3)."""


class TooLarge(Exception):
    """The body is larger than any request that makes sense."""


class Abandoned(Exception):
    """The client left before its request was whole: half of one is never acted on."""


class TooSlow(Exception):
    """The body did not come in time (RFC 9110 section 15.5.9)."""


class MethodNotAllowed(Exception):
    """The endpoint exists, but not for this method (RFC 9110 section 15.5.6)."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class Edge:
    """The outermost ASGI application."""

    def __init__(
        self,
        *,
        resolver: TenantResolver,
        platform: Mapping[str, Handler],
        machine: Routes,
        people: App,
        refusals: Refusals,
        addresses: ClientAddress,
        body_limit: int,
        body_seconds: float,
        access_log: AccessLog,
        https: bool,
    ) -> None:
        self._resolver = resolver
        self._platform = platform
        self._machine = machine
        self._people = people
        self._refusals = refusals
        self._addresses = addresses
        self._body_limit = body_limit
        self._body_seconds = body_seconds
        self._access_log = access_log
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._people(scope, receive, send)
        elif scope["type"] == "http":
            exchange = Exchange(scope, send, self._addresses, self._access_log, https=self._https)
            await self._take(scope, receive, exchange)

    async def _take(self, scope: Scope, receive: Receive, exchange: Exchange) -> None:
        audit.request_facts.set(exchange.facts())
        logs.request_id.set(exchange.request_id)
        own = self._platform_handler(scope["path"])
        if own is not None:
            await exchange.answer(await self._handled(own, scope, receive, exchange))
            return
        try:
            found = await self._resolver.resolve(host=exchange.host, path=scope["path"])
        except UnknownHost:
            await exchange.answer(
                self._refusals.unknown_host(exchange.request_id, html=exchange.wants_html)
            )
            return
        except Exception as error:  # noqa: BLE001  # every failure is answered
            await exchange.answer(
                self._refusals.failed(error, exchange.request_id, html=exchange.wants_html)
            )
            return
        if found is None:
            await self._without_tenant(scope, receive, exchange)
        else:
            await self._for_tenant(found, scope, receive, exchange)

    def _platform_handler(self, path: str) -> Handler | None:
        if path.startswith("/static/"):
            return self._platform["/static/"]
        # Whose front page it is depends on the host.
        return self._platform.get(path) if path != "/" else None

    async def _without_tenant(self, scope: Scope, receive: Receive, exchange: Exchange) -> None:
        if scope["path"] == "/":
            reply = await self._handled(self._platform["/"], scope, receive, exchange)
        else:
            reply = self._refusals.no_tenant(exchange.request_id, html=exchange.wants_html)
        await exchange.answer(reply)

    async def _for_tenant(
        self, found: Resolved, scope: Scope, receive: Receive, exchange: Exchange
    ) -> None:
        tenant, path = found
        exchange.tenant = tenant
        with use_tenant(tenant):
            if tenant.status is not TenantStatus.ACTIVE:
                await exchange.answer(
                    self._refusals.suspended(exchange.request_id, html=exchange.wants_html)
                )
                return
            methods = self._machine.get(path)
            if methods is None:
                await self._to_people(tenant, path, scope, receive, exchange)
                return
            exchange.route = path
            handler = methods.get(scope["method"])
            if handler is None:
                refusal = MethodNotAllowed(", ".join(sorted(methods)))
                await exchange.answer(self._refusals.of(refusal))
                return
            await exchange.answer(await self._handled(handler, scope, receive, exchange, path))

    async def _to_people(
        self, tenant: Tenant, path: str, scope: Scope, receive: Receive, exchange: Exchange
    ) -> None:
        inner = {**scope, "root_path": tenant.prefix, "path": f"{tenant.prefix}{path}"}
        inner["authgate.exchange"] = exchange
        await self._people(inner, receive, exchange.passing_through)

    async def _handled(
        self,
        handler: Handler,
        scope: Scope,
        receive: Receive,
        exchange: Exchange,
        path: str | None = None,
    ) -> Reply:
        try:
            request = MachineRequest(
                method=scope["method"],
                path=path or scope["path"],
                query=scope["query_string"],
                headers=scope["headers"],
                body=await self._body(scope, receive),
                client_ip=exchange.client_ip,
                request_id=exchange.request_id,
            )
            return await handler(request)
        except Exception as error:  # noqa: BLE001  # every failure is answered
            return self._refusals.of(error)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        if not any(name in _TELLS_OF_BODY for name, _ in scope["headers"]):
            return await self._whole_body(receive)  # it is complete: nothing to wait for
        try:
            async with asyncio.timeout(self._body_seconds):
                return await self._whole_body(receive)
        except TimeoutError as error:
            raise TooSlow from error

    async def _whole_body(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Abandoned
            body += message.get("body", b"")
            if len(body) > self._body_limit:
                raise TooLarge
            more = message.get("more_body", False)
        return body
