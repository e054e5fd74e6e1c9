"""What a list is asked for: by the parameters of an address, or by a body (RFC 7644 sections 3.4.2
and 3.4.3, RFC 9865)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from scim2_models import ResponseParameters, SearchRequest

from authgate.scim.errors import invalid_value
from authgate.scim.resources import POLICY
from authgate.storage.paging import MOST

PAGE: Final = MOST
"""Resources of one page, at most and where nobody says how many."""

_MEMBERS: Final = ("attributes", "excludedAttributes", "startIndex", "count", "cursor")
_LONGEST: Final = 4096

Said = Mapping[str, Any]
Searched = type[SearchRequest[Any]]
"""For resources of one kind."""

Shown = ResponseParameters[Any]
"""Which attributes of resources are asked for."""


class Query(NamedTuple):
    """What is asked for of a list."""

    filter: str | None
    skip: int
    limit: int
    cursor: str | None
    """Where the page begins, empty for the first one; ``None`` where pages are counted."""
    shown: Shown
    """Which attributes."""


def query(said: Said, searched: Searched) -> Query:
    """What is asked for. Raises ``ScimError`` and ``ValidationError``."""
    wanted = said.get("filter")
    if wanted is not None and not isinstance(wanted, str):
        raise invalid_value("filter is a text.")
    members = {name: said[name] for name in _MEMBERS if said.get(name) is not None}
    if any(len(str(each)) > _LONGEST for each in members.values()):
        raise invalid_value("A parameter is too long.")
    read = searched.model_validate(members, scim_policy=POLICY)
    count = PAGE if read.count is None else min(read.count, PAGE)
    return Query(wanted, read.start_index_0 or 0, count, read.cursor, read)


def shown(said: Said, searched: Searched) -> Shown:
    """Which attributes of one resource are asked for (section 3.9). Raises as above."""
    return query({name: said.get(name) for name in _MEMBERS[:2]}, searched).shown


def shows(asked: Shown, attribute: str) -> bool:
    """Whether any of an attribute is asked for that is told where nobody says which; its name is
    in lower case."""
    said = asked.attributes or asked.excluded_attributes or ()
    named = [tuple(part.lower() for part in each.parts) for each in said]
    if asked.attributes:
        return any(each[:1] == (attribute,) for each in named)
    return (attribute,) not in named
