"""The models of requests and answers, as JSON schemas that the document refers to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from authgate.api.bodies import Document, Nothing
from authgate.api.openapi.problem_document import ProblemDocument
from authgate.api.operations import Operation

Json = dict[str, Any]
_SCHEMAS = "#/components/schemas"


class Schemas:
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


def used(schemas: Json, told: Sequence[Json]) -> Json:
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
