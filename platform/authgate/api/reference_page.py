"""What an API is, for people.

Written from the OpenAPI document, so that it says the same; without a script of its own and without
anything from elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authgate.api import problems
from authgate.api.problems import Problem
from authgate.tokens.api_scopes import ApiScope

TEMPLATE = "api/reference.html"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is: words, and the schema that they lead to where it is described."""

    words: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a document, or a parameter."""

    name: str
    kind: Kind
    required: bool
    description: str
    place: str = ""
    """Of a parameter: path, query or header."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What may come back."""

    status: str
    description: str
    kind: Kind | None
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OperationCard:
    """An operation."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    roles: Sequence[str]
    """Of the people for whom it is done."""
    parameters: Sequence[Member]
    body: Kind | None
    media_type: str
    answers: Sequence[AnswerLine]


@dataclass(frozen=True, slots=True)
class Group:
    """Operations on things of one kind."""

    name: str
    operations: Sequence[OperationCard]


@dataclass(frozen=True, slots=True)
class SchemaCard:
    """A document that goes in or comes out, or the words that a value may be."""

    name: str
    description: str
    members: Sequence[Member]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A way in which the API says no."""

    kind: str
    status: int
    title: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """All of it."""

    address: str
    document_url: str
    scopes: Sequence[tuple[str, str]]
    groups: Sequence[Group]
    schemas: Sequence[SchemaCard]
    problems: Sequence[ProblemLine]


def page(document: Json, *, document_url: str, meanings: Mapping[ApiScope, str]) -> ReferencePage:
    """The page that shows a document."""
    return ReferencePage(
        address=document["servers"][0]["url"],
        document_url=document_url,
        scopes=[(scope.value, meaning) for scope, meaning in meanings.items()],
        groups=list(_groups(document)),
        schemas=[
            _schema(name, each) for name, each in sorted(document["components"]["schemas"].items())
        ],
        problems=[_problem(kind) for kind in problems.every()],
    )


def _groups(document: Json) -> Iterator[Group]:
    for tag in document["tags"]:
        cards = [
            _operation(path, method, each, document["components"]["responses"])
            for path, methods in document["paths"].items()
            for method, each in methods.items()
            if tag["name"] in each["tags"]
        ]
        yield Group(tag["name"], cards)


def _operation(path: str, method: str, operation: Json, refusals: Json) -> OperationCard:
    content: Json = operation.get("requestBody", {}).get("content", {})
    media_type, body = next(iter(content.items()), ("", None))
    return OperationCard(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        scope=operation["security"][0]["oauth2"][0],
        roles=operation["x-roles"],
        parameters=[_parameter(each) for each in operation["parameters"]],
        body=_kind(body["schema"]) if body else None,
        media_type=media_type,
        answers=[
            _answer(status, refusals[each["$ref"].rpartition("/")[2]] if "$ref" in each else each)
            for status, each in operation["responses"].items()
        ],
    )


def _parameter(parameter: Json) -> Member:
    return Member(
        name=parameter["name"],
        kind=_kind(parameter["schema"]),
        required=parameter.get("required", False),
        description=parameter.get("description", ""),
        place=parameter["in"],
    )


def _answer(status: str, answer: Json) -> AnswerLine:
    content = next(iter(answer.get("content", {}).values()), None)
    if content is None:
        return AnswerLine(status, answer["description"], None)
    return AnswerLine(
        status, answer["description"], _kind(content["schema"]), list(content.get("examples", ()))
    )


def _schema(name: str, schema: Json) -> SchemaCard:
    required = schema.get("required", ())
    return SchemaCard(
        name=name,
        description=schema.get("description", ""),
        members=[
            Member(each, _kind(member), each in required, member.get("description", ""))
            for each, member in schema.get("properties", {}).items()
        ],
        words=[str(each) for each in schema.get("enum", ())],
    )


def _kind(schema: Json) -> Kind:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Kind(name, name)
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"]]
        named = next((kind.schema for kind in kinds if kind.schema), "")
        return Kind(" or ".join(kind.words for kind in kinds), named)
    if "enum" in schema or "const" in schema:
        return Kind(", ".join(schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        each = _kind(schema.get("items", {}))
        return Kind(f"list of {each.words}", each.schema)
    kind = schema.get("type", "any value")
    return Kind(f"{kind} ({schema['format']})" if "format" in schema else str(kind))


def _problem(kind: type[Problem]) -> ProblemLine:
    meaning = " ".join((kind.__doc__ or "").replace("``", "`").split())
    return ProblemLine(kind.kind, kind.status, kind.title, meaning)
