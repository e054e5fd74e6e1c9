"""What is where in an answer of JSON: an ID token, a profile, what a service says of a person."""

import json
from collections.abc import Mapping
from typing import Any

_MOST_GROUPS = 1000
_LONGEST_GROUP = 255
_MOST_SAID = 40
_LONGEST_SAID = 300
_OF_NO_MEANING = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


def value_at(claims: Mapping[str, Any], path: str) -> object:
    """What is at a path: a claim's own name, or names with dots between them."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def text_in(claims: Mapping[str, Any], path: str) -> str:
    """A text; nothing where there is none. A number is told as its digits."""
    value = value_at(claims, path) if path else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.isprintable() and len(value) < 1024 else ""


def groups_in(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """A list of texts; ``None`` where the provider did not say."""
    value = value_at(claims, path) if path else None
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > _MOST_GROUPS:
        return None
    named = [each for each in value if isinstance(each, str) and each.isprintable()]
    return tuple(each for each in named if 0 < len(each) <= _LONGEST_GROUP)


def said_in(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims as an administrator reads them."""
    shown = [name for name in claims if name not in _OF_NO_MEANING and name.isprintable()]
    return {name[:100]: _shown(claims[name]) for name in shown[:_MOST_SAID]}


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = "".join(each if each.isprintable() else "·" for each in text)
    return plain if len(plain) <= _LONGEST_SAID else f"{plain[:_LONGEST_SAID]}…"
