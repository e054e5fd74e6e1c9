"""Reading what a request says into a model, and saying what of it cannot be."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, JsonValue, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from authgate.api import meanings
from authgate.api.problems import Fault, Invalid, Malformed, UnsupportedMediaType
from authgate.web.machine import BadRequest, MachineRequest, parse_json_object, parse_pairs

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

Read = TypeVar("Read", bound="Document")


class Document(BaseModel):
    """What comes in or goes out as JSON. Members without a meaning are refused."""

    # A program that is asked for a few of them makes no more than these.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    passing: ClassVar[frozenset[str]] = frozenset()
    """Members that become others by themselves: who has read former ones may change the rest."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The document's schema, with what its members mean."""
        return meanings.explained(cls, schema, handler)


def exemplified(**members: JsonValue) -> ConfigDict:
    """What a document's schema shows as its example."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class Nothing(Document):
    """No parameters, or no body."""


def query(model: type[Read], request: MachineRequest) -> Read:
    """The parameters of the request's address. Raises ``Malformed`` and ``Invalid``."""
    pairs = _pairs(request.query)
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Malformed("A parameter of the address is repeated.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(faults=[_of_parameter(each) for each in error.errors()]) from error


def body(model: type[Read], request: MachineRequest, media_type: str) -> Read:
    """The request's body. Raises ``UnsupportedMediaType``, ``Malformed`` and ``Invalid``."""
    return validated(model, members(request, media_type))


def members(request: MachineRequest, media_type: str) -> dict[str, Any]:
    """The members of the JSON object in the body. Raises ``UnsupportedMediaType`` and
    ``Malformed``."""
    if request.content_type() != media_type:
        raise UnsupportedMediaType(
            f"The body has to be {media_type}.", headers=((b"accept", media_type.encode()),)
        )
    try:
        return parse_json_object(request.body)
    except BadRequest as error:
        raise Malformed(str(error)) from error


def validated(model: type[Read], said: dict[str, Any]) -> Read:
    """The members as the model has them. Raises ``Invalid``."""
    try:
        # By way of JSON: what JSON has no types for is read from text, and nothing else is.
        return model.model_validate_json(orjson.dumps(said), strict=True)
    except ValidationError as error:
        raise Invalid(faults=[_of_member(each) for each in error.errors()]) from error


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The target after the patch (RFC 7396 section 2)."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            former = result.get(name)
            result[name] = merged(former if isinstance(former, dict) else {}, value)
        else:
            result[name] = value
    return result


def pointer(place: Sequence[str | int]) -> str:
    """A place in a JSON document (RFC 6901)."""
    parts = (str(each).replace("~", "~0").replace("/", "~1") for each in place)
    return "".join(f"/{part}" for part in parts)


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_pairs(text)
    except BadRequest as error:
        raise Malformed("The parameters of the address cannot be read.") from error


def _of_parameter(error: Any) -> Fault:
    return Fault(error["msg"], parameter=str(error["loc"][0]) if error["loc"] else None)


def _of_member(error: Any) -> Fault:
    return Fault(error["msg"], pointer=pointer(error["loc"]))
