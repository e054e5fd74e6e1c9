"""Where every request comes in: who asks, which tenant it is for, and through which door it goes.

Machine endpoints are answered here by plain functions; everything else goes on to Quart with the
tenant's prefix as ``root_path``. Neither door names a tenant in its routes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from authgate import audit
from authgate.languages import readers
from authgate.telemetry import logs
from authgate.telemetry.access_log import AccessLog
from authgate.web import asgi
from authgate.web.client_ip import ClientAddress
from authgate.web.cross_origin import CrossOrigin, preflight_headers
from authgate.web.exchange import (
    Answered,
    Exchange,
    Receive,
    RequestHead,
    Scope,
    Send,
    Wording,
)
from authgate.web.machine import NO_STORE, Handler, MachineRequest, Reply, Routes, Subtree
from authgate.web.tenant_shares import TenantShares
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.resolver import AnotherHost, Resolved, TenantResolver, UnknownHost

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Body = Callable[[], Awaitable[bytes]]
"""Reads the body of a request when it is asked for."""
People = Callable[[Tenant, str], Awaitable[None]]
"""Answers whoever asks for a page of the tenant below this path."""

_STATIC = "/static/"
_WELL_KNOWN = "/.well-known/"
_READING = ("GET", "HEAD")


class Refusals(Protocol):
    """How the edge says no, for whoever asks."""

    def no_tenant(self, request_id: str, *, wording: Wording) -> Reply: ...

    def unknown_host(self) -> Reply: ...

    def suspended(self, request_id: str, *, wording: Wording) -> Reply: ...

    def blocked(self, request_id: str, *, wording: Wording) -> Reply: ...

    def of(self, error: Exception) -> Reply:
        """The answer to an error that a machine endpoint raised."""

    def failed(self, error: Exception, request_id: str, *, wording: Wording) -> Reply:
        """The answer to an error that came before anybody knew which door it is for."""


class Suspended(Exception):
    """Since the request began its tenant is no longer served."""


class MethodNotAllowed(Exception):
    """The endpoint exists, but not for this method (RFC 9110 section 15.5.6)."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class Edge:
    """The outermost application: for ASGI, and for servers that know its door for machines."""

    def __init__(
        self,
        *,
        resolver: TenantResolver,
        platform: Mapping[str, Handler],
        machine: Routes,
        apis: Sequence[Subtree],
        people: App,
        cross_origin: CrossOrigin,
        refusals: Refusals,
        addresses: ClientAddress,
        body_limit: int,
        body_seconds: float,
        access_log: AccessLog,
        shares: TenantShares | None,
        https: bool,
    ) -> None:
        self._resolver = resolver
        self._platform = platform
        self._machine = machine
        self._apis = apis
        self._people = people
        self._cross_origin = cross_origin
        self._refusals = refusals
        self._addresses = addresses
        self._body_limit = body_limit
        self._body_seconds = body_seconds
        self._access_log = access_log
        self._shares = shares
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._people(scope, receive, send)
        elif scope["type"] == "http":
            exchange = self._exchange(asgi.head(scope, receive))
            body = partial(self._body, scope, receive, exchange)
            people = partial(self._to_people, scope, receive, send, exchange)
            reply = await self._reply(exchange, body, people)
            if reply is not None:
                await asgi.answer(exchange.answered(reply), send, is_head=scope["method"] == "HEAD")

    def takes(self, *, host: str, path: str) -> bool:
        """Whether ``answer`` is for this path: a machine endpoint is there, if its tenant is."""
        if path.startswith("/t/") and self._resolver.is_own_host(host):
            path = path[path.find("/", 3) :]
        return path in self._machine

    @property
    def body_limit(self) -> int:
        """Bytes that a body may have."""
        return self._body_limit

    async def answer(self, head: RequestHead, body: bytes) -> Answered:
        """The answer to a whole request for a machine endpoint: the short way, without ASGI."""
        exchange = self._exchange(head)
        reply = await self._tenant_reply(exchange, partial(_given, body), _nobody)
        return exchange.answered(
            reply or self._refusals.no_tenant(exchange.request_id, wording=Wording.OAUTH)
        )

    def _exchange(self, head: RequestHead) -> Exchange:
        exchange = Exchange(head, self._addresses, self._access_log, https=self._https)
        audit.request_facts.set(exchange.facts())
        logs.request_id.set(exchange.request_id)
        return exchange

    async def _reply(self, exchange: Exchange, body: Body, people: People) -> Reply | None:
        """The answer to whatever this is; none where people were told theirs already."""
        path = exchange.head.path
        own = self._platform_handler(path)
        if own is None:
            return await self._tenant_reply(exchange, body, people)
        if path.startswith(_STATIC):
            exchange.route = _STATIC
            if await self._is_unknown(exchange.host):
                return self._refusals.unknown_host()
        else:
            exchange.route = path
        return await self._read(own, exchange, body)

    async def _tenant_reply(self, exchange: Exchange, body: Body, people: People) -> Reply | None:
        path = exchange.head.path
        try:
            found = await self._resolver.resolve(host=exchange.host, path=path)
        except UnknownHost:
            return self._refusals.unknown_host()
        except AnotherHost as found_elsewhere:
            return await self._elsewhere(found_elsewhere, exchange, body)
        except Exception as error:  # noqa: BLE001  # every failure is answered
            return self._refusals.failed(error, exchange.request_id, wording=_wording(exchange))
        if found is not None:
            return await self._reply_in_scope(found, exchange, body, people)
        if path == "/":
            return await self._read(self._platform["/"], exchange, body)
        return self._refusals.no_tenant(exchange.request_id, wording=_wording(exchange))

    async def _is_unknown(self, host: str) -> bool:
        try:
            return not await self._resolver.is_known(host)
        except Exception:  # noqa: BLE001  # what pages look like is worth no outage
            return False

    async def _elsewhere(self, found: AnotherHost, exchange: Exchange, body: Body) -> Reply:
        """What a host tells of a tenant that is its owner's and has another issuer: which one."""
        tenant, path = found.tenant, found.path
        if path in self._machine and path.startswith(_WELL_KNOWN):
            told = await self._reply_in_scope(Resolved(tenant, path), exchange, body, _nobody)
            return told or self._refusals.unknown_host()
        with use_tenant(tenant):
            is_for_programs = path in self._machine or any(each.holds(path) for each in self._apis)
        if is_for_programs or exchange.head.method not in _READING or not tenant.is_served:
            return self._refusals.unknown_host()
        exchange.tenant, exchange.route = tenant, "elsewhere"
        head = exchange.head
        query = b"?" + head.query if head.query else b""
        place = (b"location", tenant.issuer.encode("ascii") + head.raw_path + query)
        return Reply(303, b"", NO_STORE, own=(place,))

    def _platform_handler(self, path: str) -> Handler | None:
        if path.startswith(_STATIC):
            return self._platform[_STATIC]
        # Whose front page it is depends on the host.
        return self._platform.get(path) if path != "/" else None

    async def _reply_in_scope(
        self, found: Resolved, exchange: Exchange, body: Body, people: People
    ) -> Reply | None:
        tenant, path = found
        exchange.tenant = tenant
        with use_tenant(tenant):
            if not tenant.is_served:
                return self._refusals.suspended(exchange.request_id, wording=_wording(exchange))
            if tenant.blocked is not None and tenant.blocked.holds(exchange.client_ip):
                return self._refusals.blocked(exchange.request_id, wording=_wording(exchange))
            if self._shares is not None:
                refusal = self._shares.count(tenant, exchange.client_ip, exchange.began)
                if refusal is not None:
                    await self._shares.note(tenant)
                    return self._refusals.failed(
                        refusal, exchange.request_id, wording=_wording(exchange)
                    )
            methods = self._machine.get(path)
            if methods is None:
                api = next((each for each in self._apis if each.holds(path)), None)
                if api is not None:
                    return await self._api_reply(api, tenant, exchange, body, path)
                await people(tenant, path)
                return None
            exchange.route = path
            if exchange.origin and self._cross_origin.is_open(path):
                return await self._told_to_pages(methods, exchange, body, path)
            return await self._machine_reply(methods, exchange, body, path)

    async def _machine_reply(
        self, methods: Mapping[str, Handler], exchange: Exchange, body: Body, path: str
    ) -> Reply:
        handler = methods.get(exchange.head.method)
        if handler is None:
            return self._refusals.of(MethodNotAllowed(", ".join(sorted(methods))))
        return await self._handled(handler, exchange, body, path)

    async def _told_to_pages(
        self, methods: Mapping[str, Handler], exchange: Exchange, body: Body, path: str
    ) -> Reply:
        """The answer, and which page may read it; found out first, since it may fail."""
        try:
            allowed = await self._cross_origin.headers(path, exchange.origin)
        except Exception as error:  # noqa: BLE001  # every failure is answered
            return self._refusals.of(error)
        if _is_preflight(exchange.head):
            return Reply(204, b"", NO_STORE + preflight_headers(allowed, methods))
        reply = await self._machine_reply(methods, exchange, body, path)
        said = {name for name, _ in reply.headers}
        added = tuple(each for each in allowed if each[0] not in said)
        return reply._replace(headers=reply.headers + added)

    async def _api_reply(
        self, api: Subtree, tenant: Tenant, exchange: Exchange, body: Body, path: str
    ) -> Reply:
        raw_path = exchange.head.raw_path.removeprefix(tenant.prefix.encode())
        exchange.route = api.route(raw_path)
        return await self._handled(api.answer, exchange, body, path, raw_path)

    async def _to_people(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        exchange: Exchange,
        tenant: Tenant,
        path: str,
    ) -> None:
        inner = {**scope, "root_path": tenant.prefix, "path": f"{tenant.prefix}{path}"}
        inner["authgate.exchange"] = exchange
        await self._people(inner, receive, partial(exchange.passing_through, send))

    async def _read(self, handler: Handler, exchange: Exchange, body: Body) -> Reply:
        """What belongs to no tenant can be read, and nothing else be done to it."""
        if exchange.head.method not in _READING:
            return self._refusals.of(MethodNotAllowed(", ".join(_READING)))
        return await self._handled(handler, exchange, body, exchange.head.path)

    async def _handled(
        self, handler: Handler, exchange: Exchange, body: Body, path: str, raw_path: bytes = b""
    ) -> Reply:
        head = exchange.head
        try:
            request = MachineRequest(
                head.method,
                path,
                head.query,
                head.headers,
                await body(),
                exchange.client_ip,
                exchange.request_id,
                raw_path,
                head.peer,
                head.gone,
            )
            return await handler(request)
        except Suspended:
            return self._refusals.suspended(exchange.request_id, wording=_wording(exchange))
        except Exception as error:  # noqa: BLE001  # every failure is answered
            if not raw_path:
                return self._refusals.of(error)
            is_scim = exchange.wording is Wording.SCIM
            wording = Wording.SCIM if is_scim else Wording.PROBLEM
            return self._refusals.failed(error, exchange.request_id, wording=wording)

    async def _body(self, scope: Scope, receive: Receive, exchange: Exchange) -> bytes:
        comes = asgi.tells_of_body(scope)
        within = self._body_seconds if comes else None  # else it is complete: nothing to wait for
        body = await asgi.body(receive, limit=self._body_limit, within=within)
        if not comes or exchange.tenant is None:
            return body
        if not await self._resolver.serves(exchange.tenant):
            raise Suspended  # while it came: who sends slowly is not served for longer
        return body


def _wording(exchange: Exchange) -> Wording:
    """How somebody is told no; on a page it is in their language."""
    wording = exchange.wording
    if wording is Wording.PAGE:
        readers.has_come_with(exchange.head.headers)
    return wording


def _is_preflight(head: RequestHead) -> bool:
    return head.method == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in head.headers
    )


async def _given(body: bytes) -> bytes:
    return body


async def _nobody(_tenant: Tenant, _path: str) -> None:
    """Whoever asks ``takes`` first comes with machine endpoints only."""
