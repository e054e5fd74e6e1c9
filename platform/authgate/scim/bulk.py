"""``/Bulk``: many operations in one request, each as if it came alone (RFC 7644 section 3.7).

Each is a transaction of its own and counts as a request. One that names what another is to create
waits for that; a circle of such names is refused, since nothing here needs one.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from authgate.scim.asks import Ask, Kind, Outcome
from authgate.scim.callers import ScimCaller
from authgate.scim.errors import ScimError
from authgate.scim.places import url
from authgate.scim.wording import worded
from authgate.web.limits import TooMany

MOST: Final = 100
"""Operations of one request."""

_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_REFERENCE: Final = re.compile(r"bulkId:([A-Za-z0-9._~-]{1,64})")
_PATH: Final = re.compile(r"/?([A-Za-z]{1,20})(?:/([^/]{1,80}))?/?")

Performed = Callable[[Kind, str, str, Ask], Awaitable[Outcome]]
"""Does what a method means of a kind, to the resource with this id where there is one."""


class _Operation(NamedTuple):
    method: str
    bulk_id: str
    kind: str
    resource_id: str
    version: str | None
    data: Mapping[str, Any]

    def names(self) -> set[str]:
        """What has to have been created before."""
        return {*_named(self.data), *_REFERENCE.findall(self.resource_id)}

    def with_ids(self, ids: Mapping[str, str]) -> "_Operation":
        """The same with the ids of what was created."""
        data, resource_id = _replaced(self.data, ids), _replaced(self.resource_id, ids)
        return self._replace(data=data, resource_id=resource_id)

    def place(self) -> str:
        """Where the resource is."""
        return url(self.kind, self.resource_id) if self.resource_id else ""


class Bulk:
    """Does one request's operations."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        performed: Performed,
        counted: Callable[[ScimCaller], Awaitable[object]],
    ) -> None:
        self._kinds = kinds
        self._performed = performed
        self._counted = counted

    async def done(
        self, caller: ScimCaller, said: Mapping[str, Any], *, begin: Callable[[], Awaitable[None]]
    ) -> Outcome:
        """What became of each, in the order in which they came. Raises ``ScimError`` where the
        request itself cannot be; for one that can, ``begin`` comes first."""
        operations, most_errors = _read(said, self._kinds), _most_errors(said)
        await begin()
        answers: dict[int, Mapping[str, Any]] = {}
        ids: dict[str, str] = {}
        errors = 0
        for number in _order(operations):
            operation = operations[number].with_ids(ids)
            answer = await self._one(caller, operation, is_first=not answers)
            answers[number] = answer
            if "response" in answer:
                errors += 1
            elif operation.method == "POST":
                ids[operation.bulk_id] = answer["location"].rpartition("/")[2]
            if errors >= most_errors:
                break
        content = {
            "schemas": [_SCHEMA],
            "Operations": [answers[number] for number in sorted(answers)],
        }
        return Outcome(200, content)

    async def _one(
        self, caller: ScimCaller, operation: _Operation, *, is_first: bool
    ) -> Mapping[str, Any]:
        told = {"method": operation.method, "location": operation.place()}
        told |= {"bulkId": operation.bulk_id} if operation.bulk_id else {}
        try:
            if operation.names():
                raise ScimError(409, "It names what was not created.", "invalidValue")
            if not is_first:  # the request itself was counted
                await self._counted(caller)
            ask = Ask(caller, operation.data, {}, operation.version)
            with worded():
                done = await self._performed(
                    self._kinds[operation.kind], operation.method, operation.resource_id, ask
                )
        except TooMany:
            refusal = ScimError(429, "Too many requests.")
        except ScimError as error:
            refusal = error
        else:
            told |= {"location": done.location} if done.location else {}
            told |= {"version": done.version} if done.version else {}
            return told | {"status": str(done.status)}
        told = {name: value for name, value in told.items() if value}
        return told | {"status": str(refusal.status), "response": refusal.told()}


def _read(said: Mapping[str, Any], kinds: Mapping[str, Kind]) -> list[_Operation]:
    listed = said.get("Operations")
    if not isinstance(listed, list) or not listed:
        raise ScimError(400, "Operations is a list of one or more.", "invalidSyntax")
    if len(listed) > MOST:
        raise ScimError(413, f"There are at most {MOST} operations.", "tooMany")
    found = [_operation(each, kinds) for each in listed]
    names = [each.bulk_id for each in found if each.bulk_id]
    if len(set(names)) < len(names):
        raise ScimError(400, "A bulkId is given twice.", "invalidValue")
    return found


def _operation(said: Any, kinds: Mapping[str, Kind]) -> _Operation:
    if not isinstance(said, dict):
        raise ScimError(400, "An operation is an object.", "invalidSyntax")
    method, bulk_id = str(said.get("method", "")).upper(), said.get("bulkId") or ""
    path = _PATH.fullmatch(str(said.get("path", "")))
    data, version = said.get("data") or {}, said.get("version")
    fault = ""
    if path is None or path[1] not in kinds or bool(path[2]) is (method == "POST"):
        fault = "path is /Users or /Groups to create, and else that of a resource."
    elif method not in ("POST", "PUT", "PATCH", "DELETE"):
        fault = "method is POST, PUT, PATCH or DELETE."
    elif not isinstance(bulk_id, str) or (method == "POST" and not bulk_id):
        fault = "bulkId is a text, and there for POST."
    elif not isinstance(data, dict) or not isinstance(version, str | None):
        fault = "data is an object, and version a text."
    if path is None or fault:
        raise ScimError(400, fault, "invalidSyntax")
    return _Operation(method, bulk_id, path[1], path[2] or "", version, data)


def _most_errors(said: Mapping[str, Any]) -> int:
    most = said.get("failOnErrors")
    return most if type(most) is int and most > 0 else MOST + 1


def _order(operations: Sequence[_Operation]) -> Iterator[int]:
    """What creates something before what names it; of others the first first."""
    created = {each.bulk_id: number for number, each in enumerate(operations) if each.bulk_id}
    left, done = list(range(len(operations))), set[int]()
    while left:
        ready = next((each for each in left if _is_ready(operations[each], created, done)), left[0])
        left.remove(ready)
        done.add(ready)
        yield ready


def _is_ready(operation: _Operation, created: Mapping[str, int], done: set[int]) -> bool:
    return all(name not in created or created[name] in done for name in operation.names())


def _named(value: Any) -> Iterator[str]:
    match value:
        case str():
            found = _REFERENCE.fullmatch(value)
            if found:
                yield found[1]
        case dict():
            for each in value.values():
                yield from _named(each)
        case list():
            for each in value:
                yield from _named(each)


def _replaced(value: Any, ids: Mapping[str, str]) -> Any:
    match value:
        case str():
            found = _REFERENCE.fullmatch(value)
            return ids.get(found[1], value) if found else value
        case dict():
            return {name: _replaced(each, ids) for name, each in value.items()}
        case list():
            return [_replaced(each, ids) for each in value]
    return value
