"""``/api/v1``: the door of the admin API. What every operation shares is here, in order."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from http import HTTPMethod
from urllib.parse import unquote

from authgate.admin import bodies, entity_tags
from authgate.admin.access import Access, Caller, require
from authgate.admin.idempotency import Idempotency
from authgate.admin.operations import Call, Operation, written
from authgate.admin.places import BASE, ROOT
from authgate.admin.problems import MethodNotAllowed, NotFound, Problem, TooManyRequests
from authgate.installation import Installation
from authgate.web.limits import Allowance, Limits, TooMany
from authgate.web.machine import Handler, Headers, MachineRequest, Reply

LIMIT = "api_per_caller"

_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_READING = {"HEAD": HTTPMethod.GET}

Segments = tuple[str, ...]


class AdminApi:
    """Finds the operation that is meant, and lets those perform it who may."""

    def __init__(
        self,
        *,
        operations: Sequence[Operation],
        pages: Mapping[str, Handler],
        parts: Installation,
        grant_types: Collection[str],
        access: Access,
        idempotency: Idempotency,
        limits: Limits,
    ) -> None:
        self._pages = pages
        self._parts = parts
        self._grant_types = grant_types
        self._access = access
        self._idempotency = idempotency
        self._limits = limits
        self._routes: dict[Segments, dict[str, Operation]] = {}
        for each in operations:
            template = tuple(f"{BASE}{each.path}".split("/"))
            self._routes.setdefault(template, {})[each.method] = each

    def holds(self, path: str) -> bool:
        """Whether a path below the tenant is the API's own."""
        return path == ROOT or path.startswith(f"{ROOT}/")

    def route(self, path: bytes) -> str:
        """The template of a path as it was sent, or what stands for all that there are none for."""
        text = path.decode("latin-1")
        if text in self._pages:
            return text
        template = self._template(tuple(text.split("/")))
        return "/".join(template) if template else f"{ROOT}/"

    async def answer(self, request: MachineRequest) -> Reply:
        """The answer. Raises a ``Problem``, or what is worded as one."""
        page = self._pages.get(request.path)
        if page is not None:
            return await self._page(page, request)
        operation, path = self._found(request)
        caller = await self._access.caller(request)
        require(caller, operation.scope)
        left = await self._counted(caller)
        try:
            reply = await self._once(operation, caller, request, path)
        except Problem as problem:
            problem.headers += left
            raise
        return reply._replace(own=(*reply.own, *left))

    async def _page(self, page: Handler, request: MachineRequest) -> Reply:
        if request.method not in ("GET", "HEAD"):
            raise _not_allowed(["GET"])
        return await page(request)

    def _found(self, request: MachineRequest) -> tuple[Operation, Mapping[str, str]]:
        sent = tuple(request.raw_path.decode("latin-1").split("/"))
        template = self._template(sent)
        if template is None:
            raise NotFound("The API has no such path.")
        methods = self._routes[template]
        method = _READING.get(request.method, request.method)
        if method not in methods:
            raise _not_allowed(methods)
        return methods[method], _variables(template, sent)

    def _template(self, sent: Segments) -> Segments | None:
        return next((each for each in self._routes if _fits(each, sent)), None)

    async def _counted(self, caller: Caller) -> Headers:
        """What is left of the caller's limit. Raises ``TooManyRequests``."""
        try:
            decision = await self._limits.count(LIMIT, caller.actor.type, caller.actor.id)
        except TooMany as error:
            left = self._limits.allowance(LIMIT, error.decision)
            raise TooManyRequests(retry_after=error.retry_after, headers=_told(left)) from error
        return _told(self._limits.allowance(LIMIT, decision)) if decision else ()

    async def _once(
        self,
        operation: Operation,
        caller: Caller,
        request: MachineRequest,
        path: Mapping[str, str],
    ) -> Reply:
        perform = partial(self._performed, operation, caller, request, path)
        if operation.method is HTTPMethod.POST:
            return await self._idempotency.once(request, caller, perform)
        return await perform()

    async def _performed(
        self,
        operation: Operation,
        caller: Caller,
        request: MachineRequest,
        path: Mapping[str, str],
    ) -> Reply:
        query, said = bodies.query(operation.query, request), operation.said(request)
        call = Call(self._parts, self._grant_types, caller, request, path, query, said)
        content, headers = await operation.perform(call)
        if content is None:
            return Reply(operation.status, headers=_JSON[1:], own=headers)
        body = written(content)
        if operation.method is HTTPMethod.POST:
            return Reply(operation.status, body, _JSON, headers)
        tag = entity_tags.of(body)
        own = (*headers, (b"etag", tag.encode("ascii")))
        if operation.method is HTTPMethod.GET and entity_tags.is_known(request, tag):
            return Reply(304, b"", _JSON[1:], own)
        return Reply(operation.status, body, _JSON, own)


def _fits(template: Segments, sent: Segments) -> bool:
    return len(template) == len(sent) and all(
        (wanted.startswith("{") and given) or wanted == given
        for wanted, given in zip(template, sent, strict=True)
    )


def _variables(template: Segments, sent: Segments) -> dict[str, str]:
    pairs = zip(template, sent, strict=True)
    return {name[1:-1]: _plain(text) for name, text in pairs if name.startswith("{")}


def _plain(text: str) -> str:
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise NotFound from error
    if not found.isprintable():
        raise NotFound
    return found


def _not_allowed(methods: Sequence[str] | Mapping[str, object]) -> MethodNotAllowed:
    allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
    return MethodNotAllowed(headers=((b"allow", ", ".join(allowed).encode("ascii")),))


def _told(allowance: Allowance) -> Headers:
    """How much more may be asked (RateLimit header fields for HTTP, draft 11)."""
    policy = f'"api";q={allowance.burst};w={allowance.window}'
    left = f'"api";r={allowance.remaining};t={allowance.reset_after}'
    return (
        (b"ratelimit-policy", policy.encode("ascii")),
        (b"ratelimit", left.encode("ascii")),
    )
