"""The door of an API. What every operation shares is here, in order."""

from collections.abc import Mapping
from functools import partial

from authgate.api import counted_calls
from authgate.api.access import Access, Caller
from authgate.api.description import Api
from authgate.api.held_calls import HeldCalls
from authgate.api.idempotency import Idempotency
from authgate.api.problems import Problem, TooManyRequests
from authgate.api.router import Route, Router, not_allowed
from authgate.clock import Clock
from authgate.provisioning import looks
from authgate.storage.metering import usage_entries
from authgate.storage.metering.usage_days import Measure
from authgate.web import prefer
from authgate.web.limits import Limits, TooMany
from authgate.web.machine import Handler, Headers, MachineRequest, Reply
from authgate_tenants import current_tenant

LIMIT = "api_per_caller"
_UNCHANGED = 304


class ApiDoor:
    """Finds the operation that is meant, and lets those perform it who may."""

    def __init__(
        self,
        api: Api,
        *,
        router: Router,
        pages: Mapping[str, Handler],
        access: Access,
        idempotency: Idempotency,
        limits: Limits,
        held: HeldCalls,
        clock: Clock,
    ) -> None:
        self._api = api
        self._router = router
        self._pages = pages
        self._access = access
        self._idempotency = idempotency
        self._limits = limits
        self._held = held
        self._clock = clock

    def holds(self, path: str) -> bool:
        """Whether a path below the tenant is the API's own."""
        return self._api.holds(path) and self._api.is_at(current_tenant())

    def route(self, path: bytes) -> str:
        """The template of a path as it was sent, or what stands for all that there are none for."""
        text = path.decode("latin-1")
        if text in self._pages:
            return text
        return self._router.template(text) or f"{self._api.root}/"

    async def answer(self, request: MachineRequest) -> Reply:
        """The answer. Raises a ``Problem``, or what is worded as one."""
        page = self._pages.get(request.path)
        if page is not None:
            return await self._page(page, request)
        route = self._router.found(request)
        caller = await self._access.caller(request)
        caller.require(route.operation.scope)
        left = await self._counted(caller)
        try:
            reply = await self._once(route, caller, request)
        except Problem as problem:
            problem.headers += left
            raise
        return reply._replace(own=(*reply.own, *left))

    async def _page(self, page: Handler, request: MachineRequest) -> Reply:
        if request.method not in ("GET", "HEAD"):
            raise not_allowed(["GET"])
        return await page(request)

    async def _counted(self, caller: Caller) -> Headers:
        """What is left of the caller's limit. Raises ``TooManyRequests``."""
        actor = caller.actor
        try:
            return await self._limits.counted(LIMIT, actor.type, actor.id, name="api")
        except TooMany as error:
            left = error.told("api")
            raise TooManyRequests(retry_after=error.retry_after, headers=left) from error

    async def _once(self, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        perform = partial(self._performed, route, caller, request)
        if route.operation.is_done_once:
            return await self._idempotency.once(request, caller, perform)
        return await perform()

    async def _read(self, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        reply = await self._router.perform(route, caller, request)
        watched = route.operation.watched
        if reply.status != _UNCHANGED or watched is None or not watched.may_wait(request.query):
            return reply
        wait = prefer.wait(request.headers, request.gone)
        if wait is None:
            return reply
        perform = partial(self._router.perform, route, caller, request)
        held = await self._held.changed(perform, watched, wait, who=caller.actor.id)
        return held if wait.is_applied else reply

    async def _performed(self, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        """Do it, and count that it was done; what is replayed counts no more."""
        perform = partial(self._read, route, caller, request)
        if caller.is_guest:
            reply = await perform()
            if not route.operation.changes:
                await looks.note(caller.actor, f"api:{route.operation.area}", now=self._clock())
            return reply
        note = partial(
            usage_entries.note,
            Measure.API_CALLS,
            now=self._clock(),
            client_id=caller.client_id,
            detail=self._api.name,
        )
        count = counted_calls.change if route.operation.changes else counted_calls.read
        return await count(perform, note)
