"""What each operation takes and answers."""

import re
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from authgate.api.idempotency import HEADER, LONGEST
from authgate.api.openapi.refusals import by_status, name_of
from authgate.api.openapi.schemas import Json, Schemas
from authgate.api.operations import Operation
from authgate.api.problems import Changed
from authgate.permissions import ROLES, permits

_NAMES = re.compile(r"\{([a-z_]+)\}")


def described(
    operation: Operation, schemas: Schemas, variables: Mapping[str, Mapping[str, Any]]
) -> Json:
    """An operation, as the document has it."""
    told: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [tag(operation)],
        "security": [{"oauth2": [operation.scope]}],
        "x-roles": [each for each in ROLES if permits(each, operation.scope.permission)],
        "parameters": [
            *_in_path(operation, variables),
            *_in_query(operation, schemas),
            *_headers(operation),
        ],
        "responses": {
            **_success(operation, schemas),
            **{
                str(status): {"$ref": f"#/components/responses/{name_of(kinds)}"}
                for status, kinds in sorted(by_status(operation).items())
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


def tag(operation: Operation) -> str:
    """What an operation is about: the first word of its path."""
    return operation.path.split("/")[1]


def _in_path(operation: Operation, variables: Mapping[str, Mapping[str, Any]]) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, **variables[name]}
        for name in _NAMES.findall(operation.path)
    ]


def _in_query(operation: Operation, schemas: Schemas) -> list[Json]:
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
        case HTTPMethod.POST if operation.hands_out:
            found = {}
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


def _success(operation: Operation, schemas: Schemas) -> Json:
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
