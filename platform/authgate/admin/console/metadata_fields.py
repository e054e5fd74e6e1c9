"""A client's metadata as the fields of a form have it: text, lists with an entry on each line."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import orjson

from authgate.languages import text
from authgate.storage.clients.metadata import ClientMetadata
from authgate.web.client_form_view_models import ClientFields

_NAMES = frozenset(each.name for each in fields(ClientFields)) & frozenset(
    each.name for each in fields(ClientMetadata)
)
_LISTS = frozenset(name for name in _NAMES if isinstance(getattr(ClientMetadata(), name), tuple))
_LIFETIMES = ("access_token_lifetime", "refresh_token_lifetime")
_LONGEST_LIFETIME = 365 * 86400
_KEYS = "jwks"


def of(said: ClientMetadata) -> dict[str, Any]:
    """What is in the fields."""
    return {name: _shown(name, getattr(said, name)) for name in _NAMES}


def read(said: ClientFields, former: ClientMetadata) -> ClientMetadata:
    """What the fields make of what was said before."""
    return replace(former, **{name: _read(name, getattr(said, name)) for name in _NAMES})


def faults(said: ClientFields) -> Iterator[tuple[str, str]]:
    """What cannot be read, by its field."""
    for name in _LIFETIMES:
        if getattr(said, name) and _seconds(getattr(said, name)) is None:
            yield name, text("Whole seconds, from 1 to %(most)s.", most=_LONGEST_LIFETIME)
    if said.jwks and _keys(said.jwks) is None:
        yield _KEYS, text("This is no JSON object.")


def lines(text: str) -> tuple[str, ...]:
    """What stands on each line, once."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _shown(name: str, value: Any) -> str | bool:
    if name in _LISTS:
        return "\n".join(value)
    if name == _KEYS:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if value else ""
    return value if isinstance(value, bool) else str(value or "")


def _read(name: str, typed: Any) -> Any:
    if name in _LISTS:
        return lines(typed)
    if name in _LIFETIMES:
        return _seconds(typed)
    return _keys(typed) if name == _KEYS else typed


def _keys(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return seconds if 0 < (seconds := int(text)) <= _LONGEST_LIFETIME else None
