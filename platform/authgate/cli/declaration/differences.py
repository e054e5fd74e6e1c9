"""What differs between a thing as it is and as it is declared."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A member that is another one."""

    member: str
    """With dots where it lies in another."""

    before: Any
    after: Any


def between(
    before: Mapping[str, Any], after: Mapping[str, Any], within: str = ""
) -> Iterator[Difference]:
    """Each member that is another one, as deep as both have it."""
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from between(was, now, f"{within}{name}.")
        elif not _alike(was, now):
            yield Difference(f"{within}{name}", was, now)


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What makes the one of the other (RFC 7396)."""
    found: dict[str, Any] = {}
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            if below := patch(was, now):
                found[name] = below
        elif not _alike(was, now):
            found[name] = now
    return found


def _alike(was: Any, now: Any) -> bool:
    # No list of the API means anything by its order, or by saying something twice.
    if isinstance(was, list) and isinstance(now, list):
        return set(map(_text, was)) == set(map(_text, now))
    return bool(was == now)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
