"""What is asked of a resource, by a request or by an operation of a bulk, and what is answered."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from scim2_models import Context, Resource, ResponseParameters

from authgate.scim.callers import ScimCaller
from authgate.scim.errors import ScimError, not_found
from authgate.web import row_ids

MOST_OPERATIONS: Final = 200
"""Of one ``PATCH``, each of which may name any number of members."""


class Ask(NamedTuple):
    """What is asked, and by whom."""

    caller: ScimCaller
    said: Mapping[str, Any]
    """The body."""
    query: Mapping[str, str]
    """The parameters of the address."""
    version: str | None = None
    """``If-Match``: which state of the resource is meant."""

    def refuse_other(self, now: Resource[Any]) -> None:
        """Go on only where this state is meant (RFC 7644 section 3.14). Raises ``ScimError``."""
        if self.version is None or self.version.strip() == "*":
            return
        tag = version(now)
        wanted = [each.strip().removeprefix("W/") for each in self.version.split(",")]
        if tag.removeprefix("W/") not in wanted:
            raise ScimError(412, "It has been changed since: read it again.")

    def patch(self) -> Mapping[str, Any]:
        """The body of a ``PATCH``: each of its operations is done to all of the resource. Raises
        ``ScimError``."""
        operations = self.said.get("Operations")
        if isinstance(operations, list) and len(operations) > MOST_OPERATIONS:
            raise ScimError(400, f"A patch has at most {MOST_OPERATIONS} operations.", "tooMany")
        return self.said


class Outcome(NamedTuple):
    """What is answered."""

    status: int
    content: Mapping[str, Any] | None = None
    version: str = ""
    location: str = ""


class Kind(Protocol):
    """Resources of one type, and what can be asked of them."""

    async def listed(self, ask: Ask, said: Mapping[str, Any]) -> Outcome: ...

    async def created(self, ask: Ask) -> Outcome: ...

    async def read(self, ask: Ask, resource_id: str) -> Outcome: ...

    async def replaced(self, ask: Ask, resource_id: str) -> Outcome: ...

    async def patched(self, ask: Ask, resource_id: str) -> Outcome: ...

    async def removed(self, ask: Ask, resource_id: str) -> Outcome: ...


def row_id(text: str) -> UUID:
    """The id of a row, as an address names it. Raises ``ScimError``."""
    try:
        return row_ids.read(text)
    except ValueError as error:
        raise not_found() from error


def version(resource: Resource[Any]) -> str:
    """Which state of a resource this is."""
    return (resource.meta.version if resource.meta else None) or ""


def told(
    resource: Resource[Any], status: int = 200, parameters: ResponseParameters[Any] | None = None
) -> Outcome:
    """The resource, as much of it as is asked for."""
    location = (resource.meta.location if resource.meta else None) or ""
    return Outcome(status, dumped(resource, parameters), version(resource), location)


def dumped(
    resource: Resource[Any], parameters: ResponseParameters[Any] | None = None
) -> Mapping[str, Any]:
    """A resource as JSON."""
    written: Mapping[str, Any] = resource.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=parameters
    )
    return written
