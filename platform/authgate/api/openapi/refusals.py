"""How each operation may say no, and what such an answer looks like (RFC 9457)."""

from collections.abc import Iterable, Sequence
from http import HTTPMethod

from authgate.api import problems
from authgate.api.description import EXAMPLE_ISSUER
from authgate.api.openapi.problem_document import ProblemDocument
from authgate.api.openapi.schemas import Json, Schemas
from authgate.api.operations import Operation
from authgate.api.problems import (
    BadCursor,
    Changed,
    ContentTooLarge,
    InFlight,
    Invalid,
    KeyReused,
    Malformed,
    NotFound,
    PreconditionRequired,
    Problem,
    RequestTimeout,
    UnsupportedMediaType,
)

_ALWAYS = (
    problems.Malformed,
    problems.TokenRequired,
    problems.SecondFactorRequired,
    problems.InsufficientScope,
    problems.AdministratorRequired,
    problems.BeyondOwnRole,
    problems.TooManyRequests,
    problems.InternalError,
    problems.Unavailable,
)
_WITH_BODY = (RequestTimeout, ContentTooLarge, UnsupportedMediaType, Invalid)


def by_status(operation: Operation) -> dict[int, list[type[Problem]]]:
    """The problems that an operation may end with, by their status."""
    found: dict[int, list[type[Problem]]] = {}
    for kind in dict.fromkeys(_possible(operation)):
        found.setdefault(kind.status, []).append(kind)
    return found


def name_of(kinds: Sequence[type[Problem]]) -> str:
    """What an answer is called that may be one of these problems."""
    return ".".join(kind.kind for kind in kinds)


def refusal(kinds: Sequence[type[Problem]], schemas: Schemas) -> Json:
    """An answer that is one of these problems."""
    content = {
        "schema": schemas.of(ProblemDocument, "serialization"),
        "examples": {kind.kind: {"value": _example(kind)} for kind in kinds},
    }
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {problems.MEDIA_TYPE: content},
    }


def _possible(operation: Operation) -> Iterable[type[Problem]]:
    yield from _ALWAYS
    yield from operation.problems
    if "{" in operation.path:
        yield NotFound
    if operation.query.model_fields:
        yield Invalid
    if operation.is_list:
        yield BadCursor
    if operation.media_type:
        yield from _WITH_BODY
    match operation.method:
        case HTTPMethod.POST if operation.is_done_once:
            yield from (InFlight, Invalid, KeyReused)
        case HTTPMethod.PATCH:
            yield from (Changed, PreconditionRequired)
        case HTTPMethod.DELETE:
            yield Changed


def _example(kind: type[Problem]) -> Json:
    example: Json = {
        "type": f"{EXAMPLE_ISSUER}{problems.EXPLAINED}#{kind.kind}",
        "title": kind.title,
        "status": kind.status,
        "kind": kind.kind,
    }
    if kind is Invalid:
        fault = "Input should be a valid string"
        example["errors"] = [{"detail": fault, "pointer": "/name"}]
    if kind is Malformed:
        example["detail"] = "A parameter of the address is repeated."
    return {**example, "request_id": "0199f3a1c2d47b3e9a5c6d7e8f901234"}
