"""``/scim/v2``: SCIM's door. What every request shares is here, in order (RFC 7644 section 3)."""

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from authgate.api import counted_calls
from authgate.api.door import LIMIT
from authgate.installation import Installation
from authgate.scim.callers import Callers, ScimCaller
from authgate.scim.errors import ScimError, not_found
from authgate.scim.places import BASE, ROOT
from authgate.storage.metering import usage_entries
from authgate.storage.metering.usage_days import Measure
from authgate.tokens.admin_scopes import Scope
from authgate.web.limits import Limits
from authgate.web.machine import Headers, MachineRequest, Reply

if TYPE_CHECKING:
    from authgate.scim.service import Service

NAME = "scim"
"""What its calls are counted as."""

BULK = "/Bulk"

_READ, _WRITE = Scope.SCIM_READ, Scope.SCIM_WRITE
_MANY: Mapping[str, Scope | None] = {"GET": _READ, "POST": _WRITE}
_ONE: Mapping[str, Scope | None] = {
    "GET": _READ,
    "PUT": _WRITE,
    "PATCH": _WRITE,
    "DELETE": _WRITE,
}
_SEARCH: Mapping[str, Scope | None] = {"POST": _READ}
_ANYBODY: Mapping[str, Scope | None] = {"GET": None}

ROUTES: Mapping[str, Mapping[str, Scope | None]] = {
    "/Users": _MANY,
    "/Users/.search": _SEARCH,
    "/Users/{id}": _ONE,
    "/Groups": _MANY,
    "/Groups/.search": _SEARCH,
    "/Groups/{id}": _ONE,
    BULK: {"POST": _WRITE},
    "/ServiceProviderConfig": _ANYBODY,
    "/Schemas": _ANYBODY,
    "/Schemas/{id}": _ANYBODY,
    "/ResourceTypes": _ANYBODY,
    "/ResourceTypes/{id}": _ANYBODY,
}
"""By path below the door and method, the scope that is asked for; ``None`` where anybody may."""


class Route(NamedTuple):
    """What is asked for."""

    template: str
    id: str


class ScimDoor:
    """Finds what is meant, and lets those do it who may."""

    def __init__(self, parts: Installation, *, callers: Callers, limits: Limits) -> None:
        self._parts = parts
        self._callers = callers
        self._limits = limits
        self._service: Service | None = None

    def holds(self, path: str) -> bool:
        """Whether a path below the tenant is SCIM's own."""
        return path == ROOT or path.startswith(f"{ROOT}/")

    def route(self, path: bytes) -> str:
        """The template of a path as it was sent, or what stands for all that there are none for."""
        found = _route(path.decode("latin-1"))
        return f"{BASE}{found.template}" if found else f"{ROOT}/"

    async def answer(self, request: MachineRequest) -> Reply:
        """The answer. Raises ``ScimError``, or what is worded as one."""
        route = _route(request.raw_path.decode("latin-1"))
        if route is None:
            # Not 501 for what the standard has and we have not: that would count as our failure.
            raise not_found()
        methods = ROUTES[route.template]
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            allowed = ", ".join(sorted(methods)).encode("ascii")
            raise ScimError(405, "There is no such method here.", headers=((b"allow", allowed),))
        scope = methods[method]
        service = await self._awake()
        if scope is None:
            return service.described(route.template, route.id)
        caller = await self._callers.caller(request, scope)
        left = await self._counted(caller)
        try:
            reply = await self._done(service, method, route, caller, request)
        except ScimError as error:
            error.headers += left
            raise
        return reply._replace(own=(*reply.own, *left))

    async def _done(
        self,
        service: "Service",
        method: str,
        route: Route,
        caller: ScimCaller,
        request: MachineRequest,
    ) -> Reply:
        """Do it, and count that it was done."""
        note = partial(self._note, caller)
        if route.template == BULK:
            # Each of its operations is a transaction of its own.
            return await service.done_in_bulk(caller, request, begin=note)
        perform = partial(service.done, method, route.template, route.id, caller, request)
        is_read = ROUTES[route.template][method] is _READ
        return await (counted_calls.read if is_read else counted_calls.change)(perform, note)

    async def _note(self, caller: ScimCaller) -> None:
        if caller.is_guest:
            return
        now, client_id = self._parts.clock(), caller.client_id
        await usage_entries.note(Measure.API_CALLS, now=now, client_id=client_id, detail=NAME)

    async def _counted(self, caller: ScimCaller) -> Headers:
        """What is left of the caller's limit. Raises ``TooMany``."""
        actor = caller.actor
        return await self._limits.counted(LIMIT, actor.type, actor.id, name="api")

    async def _awake(self) -> "Service":
        """What speaks SCIM, which takes a quarter of a second to import: beside the requests, and
        not where nobody provisions anybody."""
        if self._service is None:
            module = await asyncio.to_thread(import_module, "authgate.scim.service")
            self._service = module.Service(self._parts, counted=self._counted)
        return self._service


def _route(sent: str) -> Route | None:
    below = sent.removeprefix(BASE)
    if below == sent or below in ("", "/"):
        return None
    below = below.removesuffix("/")
    if below in ROUTES and "{" not in below:
        return Route(below, "")
    place, _, last = below.rpartition("/")
    template = f"{place}/{{id}}"
    return Route(template, unquote(last)) if template in ROUTES and last else None
