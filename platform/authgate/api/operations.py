"""What an operation of an API is: where it is, who may ask for it, what goes in and comes out.

The function that performs an operation says all of this: its name is the operation's, its docstring
tells what it is for, and its types are what is read and what is answered.
"""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from authgate.accounts.passwords import HashPassword
from authgate.api import bodies, entity_tags
from authgate.api.access import Caller
from authgate.api.bodies import JSON, MERGE_PATCH, Document, Nothing
from authgate.api.held_calls import Watched
from authgate.api.problems import NotFound, Problem
from authgate.installation import Installation
from authgate.tokens.api_scopes import ApiScope
from authgate.web import row_ids
from authgate.web.machine import Headers, MachineRequest

Query_co = TypeVar("Query_co", covariant=True)
Body_co = TypeVar("Body_co", covariant=True)
Content = TypeVar("Content")
Thing = TypeVar("Thing", bound=Document)


class Answer(NamedTuple, Generic[Content]):
    """What an operation answers."""

    content: Content
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class MergePatch(Generic[Thing]):
    """What becomes different of a thing (RFC 7396)."""

    members: dict[str, Any]

    def applied(self, before: Thing) -> Thing:
        """The thing as it is then; what is ``null`` is as if it had never been set.

        Raises ``Invalid``.
        """
        merged = bodies.merged(before.model_dump(mode="json"), self.members)
        return bodies.validated(type(before), merged)


@dataclass(frozen=True, slots=True)
class Call(Generic[Query_co, Body_co]):
    """A request for an operation, read and checked."""

    parts: Installation
    grant_types: Collection[str]
    """Those that the token endpoint knows."""
    hash_password: HashPassword
    caller: Caller
    request: MachineRequest
    path: Mapping[str, str]
    """What stands for the names in braces."""
    query: Query_co
    body: Body_co

    def uuid(self, name: str) -> UUID:
        """An id in the path. Raises ``NotFound``."""
        try:
            return row_ids.read(self.path[name])
        except ValueError as error:
            raise NotFound from error

    def refuse_if_changed(self, now: Document | None, *, required: bool = True) -> None:
        """Go on only if this is what the caller has read (``If-Match``), or if there is still
        nothing where they have found nothing (``If-None-Match: *``).

        Raises ``PreconditionRequired`` and ``Changed``.
        """
        tag = None if now is None else tag_of(now)
        entity_tags.refuse_other(self.request, tag, required=required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that can be asked of the API."""

    method: HTTPMethod
    path: str
    """Below the API, with names in braces for what varies."""
    scope: ApiScope
    status: HTTPStatus
    problems: Sequence[type[Problem]]
    """Refusals of its own, besides those that every operation may answer."""
    name: str
    summary: str
    description: str
    query: type[Document]
    body: type[Document]
    patches: type[Document] | None
    """What a merge patch is for; ``None`` where the body is none."""
    answer: type[Document] | None
    perform: Callable[[Call[Any, Any]], Awaitable[Answer[Any]]] = field(repr=False)
    watched: Watched | None = None
    """How whoever reads it is told that it is different; ``None`` where they have to look."""
    hands_out: bool = False
    """Whether it only hands out what is there, however often it is asked, and asks for the right to
    write because nobody else may have it. Its answer is not kept for who asks again."""

    @property
    def area(self) -> str:
        """What it is about, as its scope names it."""
        return self.scope.split(":")[1]

    @property
    def media_type(self) -> str | None:
        """Of the body that it takes; ``None`` where it takes none."""
        if self.patches is not None:
            return MERGE_PATCH
        return None if self.body is Nothing else JSON

    @property
    def is_done_once(self) -> bool:
        """Whether a request that comes again with its key is not done again."""
        return self.method is HTTPMethod.POST and not self.hands_out

    @property
    def changes(self) -> bool:
        """Whether something is otherwise afterwards."""
        return self.method is not HTTPMethod.GET and not self.hands_out

    @property
    def is_list(self) -> bool:
        """Whether it answers page by page."""
        return "cursor" in self.query.model_fields

    def said(self, request: MachineRequest) -> Document | MergePatch[Any]:
        """What the body says. Raises ``UnsupportedMediaType``, ``Malformed`` and ``Invalid``."""
        if self.patches is not None:
            return MergePatch(bodies.members(request, MERGE_PATCH))
        if self.body is Nothing:
            return Nothing()
        return bodies.body(self.body, request, JSON)


def operation(
    method: HTTPMethod,
    path: str,
    perform: Callable[[Call[Any, Any]], Awaitable[Answer[Any]]],
    *,
    scope: ApiScope,
    status: HTTPStatus = HTTPStatus.OK,
    problems: Sequence[type[Problem]] = (),
    watched: Watched | None = None,
    hands_out: bool = False,
) -> Operation:
    """The operation that this function performs."""
    hints = get_type_hints(perform)
    query, body = get_args(hints["call"])
    (answer,) = get_args(hints["return"])
    is_patch = get_origin(body) is MergePatch
    summary, _, description = inspect.cleandoc(perform.__doc__ or "").partition("\n\n")
    return Operation(
        method=method,
        path=path,
        scope=scope,
        status=status,
        problems=problems,
        name=perform.__name__,
        summary=" ".join(summary.split()).removesuffix("."),
        description=" ".join(description.split()),
        query=query,
        body=Nothing if is_patch else body,
        patches=get_args(body)[0] if is_patch else None,
        answer=None if answer is type(None) else answer,
        perform=perform,
        watched=watched,
        hands_out=hands_out,
    )


def written(content: Document) -> bytes:
    """A document as it is sent."""
    return content.model_dump_json().encode()


def tag_of(content: Document) -> str:
    """The tag of a document as it is sent."""
    if not content.passing:
        return entity_tags.of(written(content))
    state = content.model_dump_json(exclude=set(content.passing)).encode()
    return entity_tags.of(written(content), state=state)


def told(value: object, model: type[Thing]) -> Thing:
    """What the API tells of a value: its fields of the same names."""
    return model.model_validate(value, from_attributes=True)
