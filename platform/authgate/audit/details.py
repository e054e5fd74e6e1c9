"""What an event may say besides: values that JSON has, and no secrets.

A secret is known by its type: ``SecretStr``, and bytes, which are keys, hashes or sealed here. What
else has a type that is not known here is blotted out as well, and somebody is warned: a test fails
by it. Names say nothing, since many a lifetime is a token's; only a text under the very name that a
protocol gives a secret is blotted out for want of its type.
"""

import warnings
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import SecretStr

MASK: Final = "***"

_PLAIN: Final = frozenset({str, int, bool, float, type(None)})
_SECRET_TYPES: Final = (SecretStr, bytes, bytearray, memoryview)
_TEXTS: Final = (UUID, datetime, date)
_NAMES_OF_SECRETS: Final = frozenset(
    {
        *("password", "client_secret", "secret", "token", "access_token", "refresh_token"),
        *("id_token", "code", "user_code", "device_code", "code_verifier", "client_assertion"),
        *("assertion", "private_key", "authorization", "cookie", "api_key"),
    }
)


class UnknownKind(RuntimeWarning):
    """An event says something of a type that may be a secret's, and may be none."""


def told(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details as the log keeps them, with the secrets blotted out."""
    return {
        name: value
        if type(value) in _PLAIN and name not in _NAMES_OF_SECRETS
        else _told(name, value)
        for name, value in details.items()
    }


def _told(name: str, value: Any) -> Any:
    if isinstance(value, str):
        # What is empty gives nothing away, and says that there is none.
        return MASK if value and name in _NAMES_OF_SECRETS else str.__str__(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, _SECRET_TYPES):
        return MASK
    if isinstance(value, _TEXTS):
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, Mapping):
        return told(value)
    if isinstance(value, Sequence | Set):
        # Each is what the list is.
        return [_told(name, each) for each in (sorted(value) if isinstance(value, Set) else value)]
    warnings.warn(f"The detail {name} of an event is a {type(value).__name__}", UnknownKind, 2)
    return MASK
