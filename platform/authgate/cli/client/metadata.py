"""What a client says of itself, as it is typed: ``KEY=VALUE``, lists with commas, ``KEY=@FILE``."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from authgate.cli.failures import Misused

METHODS = "token_endpoint_auth_method"
"""How it proves itself: typed as the registries call it, several with commas."""

_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def patch(
    known: Mapping[str, Any], pairs: Iterable[str], *, unset: Iterable[str]
) -> dict[str, Any]:
    """What becomes different of a client whose metadata is known. Raises ``Misused``."""
    said: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        if key == METHODS:
            said["authentication_methods"] = _list(value)
        else:
            metadata[key] = _value(key, _of(known, key), value)
    for key in unset:
        if key == METHODS:
            said["authentication_methods"] = None
        else:
            _of(known, key)
            metadata[key] = None
    return said | ({"metadata": metadata} if metadata else {})


def _of(known: Mapping[str, Any], key: str) -> object:
    if key not in known:
        raise Misused(f"There is no {key!r}; there are {METHODS}, {', '.join(known)}.")
    return known[key]


def _value(key: str, present: object, typed: str) -> object:
    """What was typed, as the same kind of thing as is there at present."""
    if typed.startswith("@"):
        typed = _read(typed[1:])
    match present:
        case bool():
            return _switch(key, typed)
        case list():
            return _list(typed)
        case str():
            return typed
    return _json(key, typed)


def _switch(key: str, typed: str) -> bool:
    if typed.lower() not in _SWITCHES:
        raise Misused(f"{key} is true or false.")
    return _SWITCHES[typed.lower()]


def _list(typed: str) -> list[str]:
    return [each for each in typed.split(",") if each]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise Misused(f"{path} cannot be read.") from error


def _json(key: str, typed: str) -> object:
    try:
        return json.loads(typed)
    except ValueError as error:
        raise Misused(f"{key}: this is not JSON.") from error
