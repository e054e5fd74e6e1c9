"""The operations of an API by their paths, and what performing one of them answers.

Who may ask, how often, and what is asked again is the door's to say.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPMethod
from urllib.parse import unquote

from authgate.accounts.passwords import HashPassword
from authgate.api import bodies, entity_tags
from authgate.api.access import Caller
from authgate.api.description import Api
from authgate.api.operations import Call, Operation, tag_of, written
from authgate.api.problems import MethodNotAllowed, NotFound
from authgate.installation import Installation
from authgate.web.machine import Headers, MachineRequest, Reply

_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_READING = {"HEAD": HTTPMethod.GET}

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, and what stands in the path for the names in braces."""

    operation: Operation
    variables: Mapping[str, str]


class Router:
    """Finds operations, and performs them."""

    def __init__(
        self,
        *,
        api: Api,
        parts: Installation,
        grant_types: Collection[str],
        hash_password: HashPassword,
    ) -> None:
        self._parts = parts
        self._grant_types = grant_types
        self._hash_password = hash_password
        self._routes: dict[Segments, dict[str, Operation]] = {}
        for each in api.operations:
            template = tuple(f"{api.base}{each.path}".split("/"))
            self._routes.setdefault(template, {})[each.method] = each

    def template(self, raw_path: str) -> str | None:
        """The template that a path as it was sent is of."""
        template = self._template(tuple(raw_path.split("/")))
        return "/".join(template) if template else None

    def found(self, request: MachineRequest) -> Route:
        """What is asked for. Raises ``NotFound`` and ``MethodNotAllowed``."""
        sent = tuple(request.raw_path.decode("latin-1").split("/"))
        template = self._template(sent)
        if template is None:
            raise NotFound("The API has no such path.")
        methods = self._routes[template]
        method = _READING.get(request.method, request.method)
        if method not in methods:
            raise not_allowed(methods)
        return Route(methods[method], _variables(template, sent))

    async def perform(self, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        """Do it. Raises ``Problem``."""
        operation = route.operation
        query, said = bodies.query(operation.query, request), operation.said(request)
        call = Call(
            self._parts,
            self._grant_types,
            self._hash_password,
            caller,
            request,
            route.variables,
            query,
            said,
        )
        content, headers = await operation.perform(call)
        if content is None:
            return Reply(operation.status, headers=_JSON[1:], own=headers)
        body = written(content)
        if operation.method is HTTPMethod.POST:
            return Reply(operation.status, body, _JSON, headers)
        tag = tag_of(content)
        own = (*headers, (b"etag", tag.encode("ascii")))
        if operation.method is HTTPMethod.GET and entity_tags.is_known(request, tag):
            return Reply(304, b"", _JSON[1:], own)
        return Reply(operation.status, body, _JSON, own)

    def _template(self, sent: Segments) -> Segments | None:
        return next((each for each in self._routes if _fits(each, sent)), None)


def not_allowed(methods: Sequence[str] | Mapping[str, object]) -> MethodNotAllowed:
    """The refusal of another method than these."""
    allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
    return MethodNotAllowed(headers=((b"allow", ", ".join(allowed).encode("ascii")),))


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
