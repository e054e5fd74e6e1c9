"""``GET /api/v1/openapi.json``: what the API is, for programs (OpenAPI 3.1)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from typing import Any

from pydantic import Field
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from authgate import __version__
from authgate.admin import problems
from authgate.admin.bodies import Document, Nothing
from authgate.admin.idempotency import HEADER, LONGEST
from authgate.admin.operations import Operation
from authgate.admin.paths import PATH_PARAMETERS
from authgate.admin.places import BASE
from authgate.admin.problems import (
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
from authgate.permissions import ROLES, permits
from authgate.tokens.admin_scopes import MEANINGS, Scope

EXAMPLE_ISSUER = "https://auth.example.com/t/acme"
"""Stands for the tenant in the copy that is kept with the documentation."""

_NAMES = re.compile(r"\{([a-z_]+)\}")
_SCHEMAS = "#/components/schemas"
_ALWAYS = (
    problems.Malformed,
    problems.TokenRequired,
    problems.InsufficientScope,
    problems.AdministratorRequired,
    problems.BeyondOwnRole,
    problems.TooManyRequests,
    problems.InternalError,
    problems.Unavailable,
)
_WITH_BODY = (RequestTimeout, ContentTooLarge, UnsupportedMediaType, Invalid)

Json = dict[str, Any]


class ProblemError(Document):
    """What is wrong with one value of a request."""

    detail: str
    pointer: str | None = None
    """A JSON pointer into the body (RFC 6901)."""

    parameter: str | None = None
    """The name of a parameter or of a header."""


class ProblemDocument(Document):
    """A refusal (RFC 9457)."""

    type: str
    """An address where a person can read what it means."""

    title: str
    status: int
    kind: str | None = None
    """The problem's name: the end of its type, and the same for every tenant."""

    detail: str | None = None
    errors: list[ProblemError] = Field(default_factory=list)
    request_id: str
    """In every log line and audit event of the request."""


def document(operations: Sequence[Operation], *, issuer: str) -> Json:
    """The document of a tenant's API."""
    return of_tenant(common(operations), issuer=issuer)


def of_tenant(document: Json, *, issuer: str) -> Json:
    """What is common to all tenants, with what differs."""
    security = {"securitySchemes": _security(issuer)}
    return {
        **document,
        "servers": [{"url": f"{issuer}{BASE}"}],
        "components": document["components"] | security,
    }


def common(operations: Sequence[Operation]) -> Json:
    """What is the same for every tenant, and takes longer to make than an answer may."""
    schemas = _Schemas(operations)
    paths: Json = {}
    responses: Json = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
        for kinds in _by_status(each).values():
            responses[_name(kinds)] = _refusal(kinds, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AuthGate admin API",
            "version": __version__,
            "summary": "What a tenant's administrators do, for programs.",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(each) for each in operations)],
        "paths": paths,
        "components": {
            "schemas": _used(schemas.told, [paths, responses]),
            "responses": dict(sorted(responses.items())),
        },
    }


def _used(schemas: Json, told: Sequence[Json]) -> Json:
    """Those schemas that somebody refers to."""
    found: Json = {}
    waiting = [name for each in told for name in _references(each)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += _references(schemas[name])
    return dict(sorted(found.items()))


def _references(told: object) -> Iterator[str]:
    match told:
        case {"$ref": str() as reference} if reference.startswith(_SCHEMAS):
            yield reference.rpartition("/")[2]
        case dict():
            for each in told.values():
                yield from _references(each)
        case list():
            for each in told:
                yield from _references(each)


_INTRODUCTION = """\
Ask for an access token with the scopes of this API, by the client credentials grant or for an \
administrator, and send it as `Authorization: Bearer`.

Lists go on by cursors, which are also in `Link`. What has an `ETag` is changed with `If-Match`. \
A `POST` with an `Idempotency-Key` can be sent again. Every refusal is a problem (RFC 9457)."""


class _Schemas:
    """The models of all operations, each once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        modes: dict[tuple[type[Document], JsonSchemaMode], None] = {
            (ProblemDocument, "serialization"): None
        }
        for each in operations:
            modes[each.query, "validation"] = None
            if each.answer is not None:
                modes[each.answer, "serialization"] = None
            for model in (each.body, each.patches):
                if model not in (None, Nothing):
                    modes[model, "validation"] = None
        refs, defined = models_json_schema(list(modes), ref_template=f"{_SCHEMAS}/{{model}}")
        self._refs = refs
        self.told: Json = defined["$defs"]
        self._queries = {each.query: self._taken(each.query) for each in operations}
        for model in {each.patches for each in operations if each.patches}:
            self.told[f"{model.__name__}Patch"] = _partial(self.told[self._name(model)])

    def of(self, model: type[Document], mode: JsonSchemaMode) -> Json:
        """A reference to a model."""
        return dict(self._refs[model, mode])

    def patch(self, model: type[Document]) -> Json:
        """A reference to what of a model a merge patch may say."""
        return {"$ref": f"{_SCHEMAS}/{model.__name__}Patch"}

    def parameters(self, model: type[Document]) -> Json:
        """The parameters that a model of a query has."""
        return dict(self._queries[model].get("properties", {}))

    def _name(self, model: type[Document]) -> str:
        return str(self._refs[model, "validation"]["$ref"]).rpartition("/")[2]

    def _taken(self, model: type[Document]) -> Json:
        found: Json = self.told.get(self._name(model), {})
        return found


def _partial(schema: Json) -> Json:
    """What a merge patch for a document of this schema may say (RFC 7396)."""
    properties = {
        name: {"anyOf": [each, {"type": "null"}]} for name, each in schema["properties"].items()
    }
    kept = {name: value for name, value in schema.items() if name not in ("required", "examples")}
    return kept | {"title": f"{schema['title']}Patch", "properties": properties}


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    told: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [_tag(operation)],
        "security": [{"oauth2": [operation.scope]}],
        "x-roles": [each for each in ROLES if permits(each, operation.scope.permission)],
        "parameters": [*_in_path(operation), *_in_query(operation, schemas), *_headers(operation)],
        "responses": {
            **_success(operation, schemas),
            **{
                str(status): {"$ref": f"#/components/responses/{_name(kinds)}"}
                for status, kinds in sorted(_by_status(operation).items())
            },
        },
    }
    if operation.description:
        told["description"] = operation.description
    if operation.media_type:
        schema = (
            schemas.patch(operation.patches)
            if operation.patches
            else schemas.of(operation.body, "validation")
        )
        told["requestBody"] = {
            "required": True,
            "content": {operation.media_type: {"schema": schema}},
        }
    return told


def _tag(operation: Operation) -> str:
    return operation.path.split("/")[1]


def _in_path(operation: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}
        for name in _NAMES.findall(operation.path)
    ]


def _in_query(operation: Operation, schemas: _Schemas) -> list[Json]:
    found = []
    for name, schema in schemas.parameters(operation.query).items():
        own = {key: value for key, value in schema.items() if key not in ("title", "description")}
        parameter = {"name": name, "in": "query", "schema": own}
        if "description" in schema:
            parameter["description"] = schema["description"]
        found.append(parameter)
    return found


def _headers(operation: Operation) -> list[Json]:
    found: dict[str, tuple[str, Json]]
    match operation.method:
        case HTTPMethod.GET:
            found = {"If-None-Match": ("The ETag of what you have; 304 where it is still so.", {})}
        case HTTPMethod.POST:
            shape = {"minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"}
            text = "Any text of your own: a request that comes again with it is not done again."
            found = {HEADER: (text, shape)}
            if Changed in operation.problems:
                found["If-Match"] = ("The ETag of what you have read and decide about.", {})
        case HTTPMethod.PATCH:
            found = {"If-Match": ("The ETag of what you have read, or `*`.", {})}
        case _:
            found = {"If-Match": ("The ETag of what you have read: only that is removed.", {})}
    return [
        {
            "name": name,
            "in": "header",
            "description": text,
            "required": operation.method is HTTPMethod.PATCH,
            "schema": {"type": "string", **shape},
        }
        for name, (text, shape) in found.items()
    ]


def _success(operation: Operation, schemas: _Schemas) -> Json:
    headers: Json = {
        name: {"schema": {"type": "string"}}
        for name in ("RateLimit-Policy", "RateLimit", *_own_headers(operation))
    }
    answer: Json = {"description": operation.status.phrase, "headers": headers}
    if operation.answer is not None:
        schema = schemas.of(operation.answer, "serialization")
        answer["content"] = {"application/json": {"schema": schema}}
    found: Json = {str(operation.status.value): answer}
    if operation.method is HTTPMethod.GET:
        found["304"] = {"description": "It is what you have.", "headers": headers}
    return found


def _own_headers(operation: Operation) -> list[str]:
    if operation.is_list:
        return ["ETag", "Link"]
    match operation.method, operation.status:
        case ((HTTPMethod.GET | HTTPMethod.PATCH), _):
            return ["ETag"]
        case _, HTTPStatus.CREATED:
            return ["Location", "Idempotent-Replayed"]
        case HTTPMethod.POST, _:
            return ["Idempotent-Replayed"]
    return []


def _by_status(operation: Operation) -> dict[int, list[type[Problem]]]:
    found: dict[int, list[type[Problem]]] = {}
    for kind in dict.fromkeys(_possible(operation)):
        found.setdefault(kind.status, []).append(kind)
    return found


def _name(kinds: Sequence[type[Problem]]) -> str:
    """What an answer is called that may be one of these problems."""
    return ".".join(kind.kind for kind in kinds)


def _refusal(kinds: Sequence[type[Problem]], schemas: _Schemas) -> Json:
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
        case HTTPMethod.POST:
            yield from (InFlight, Invalid, KeyReused)
        case HTTPMethod.PATCH:
            yield from (Changed, PreconditionRequired)
        case HTTPMethod.DELETE:
            yield Changed


def _example(kind: type[Problem]) -> Json:
    example: Json = {
        "type": f"{EXAMPLE_ISSUER}{BASE}/docs#{kind.kind}",
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


def _security(issuer: str) -> Mapping[str, Json]:
    scopes = {scope.value: MEANINGS[scope] for scope in Scope}
    token = f"{issuer}/oauth/token"
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "Access tokens of the tenant itself.",
            "flows": {
                "clientCredentials": {"tokenUrl": token, "scopes": scopes},
                "authorizationCode": {
                    "authorizationUrl": f"{issuer}/oauth/authorize",
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": scopes,
                },
            },
        }
    }
