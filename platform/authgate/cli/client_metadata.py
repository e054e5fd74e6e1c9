"""What a client says of itself, as it is typed: ``KEY=VALUE``, lists with commas, ``KEY=@FILE``."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from authgate.cli.failures import Misused
from authgate.storage.client_drafts import ClientChange
from authgate.storage.client_metadata import ClientMetadata

METHODS = "token_endpoint_auth_method"
"""How it proves itself: typed as the registries call it, several with commas."""

_METADATA = TypeAdapter(ClientMetadata)
_DEFAULTS = ClientMetadata()
_NAMES = tuple(each.name for each in fields(ClientMetadata))


def changed(
    metadata: ClientMetadata, pairs: Iterable[str], *, unset: Iterable[str] = ()
) -> ClientChange:
    """What becomes different by what was typed. Raises ``Misused``."""
    chosen: dict[str, Any] = asdict(metadata)
    methods: list[str] | None = None
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        if key == METHODS:
            methods = _list(value)
        else:
            chosen[key] = _value(_known(key), value)
    for key in unset:
        chosen[key] = getattr(_DEFAULTS, _known(key))
    return ClientChange(authentication_methods=methods, metadata=_checked(chosen))


def _known(key: str) -> str:
    if key not in _NAMES:
        raise Misused(f"There is no {key!r}; there are {METHODS}, {', '.join(_NAMES)}.")
    return key


def _value(key: str, typed: str) -> object:
    if typed.startswith("@"):
        typed = _read(typed[1:])
    if isinstance(getattr(_DEFAULTS, key), tuple):
        return _list(typed)
    if key == "jwks":
        return _json(typed)
    return typed


def _list(typed: str) -> list[str]:
    return [each for each in typed.split(",") if each]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise Misused(f"{path} cannot be read.") from error


def _json(typed: str) -> object:
    try:
        return orjson.loads(typed)
    except ValueError as error:
        raise Misused("This is not JSON.") from error


def _checked(chosen: dict[str, Any]) -> ClientMetadata:
    try:
        return _METADATA.validate_python(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise Misused(f"{first['loc'][0]}: {first['msg']}.") from error
