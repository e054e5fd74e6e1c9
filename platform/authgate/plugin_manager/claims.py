"""What a plugin may say in an access token (RFC 8725 section 3.8)."""

import math
import re
from typing import cast

from authgate.plugin_api import RESERVED_CLAIMS, ClaimValue
from authgate.plugin_manager.containment import WrongResult

MAX_NAMES = 16
MAX_CHARACTERS = 4096
"""Of one plugin in one token, names and texts together: a token travels in a header."""

_MAX_DEPTH = 4
_MAX_VALUES = 256
_MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exact (RFC 7493 section 2.2)
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def checked_claims(result: object) -> dict[str, ClaimValue]:
    """A copy of what a plugin returned. Raises ``WrongResult`` where it is not a small plain
    ``dict`` of what JSON can carry."""
    # Exact types: a subclass could run a plugin's code here, outside of its budget.
    if type(result) is not dict:
        raise WrongResult(f"{type(result).__name__} instead of dict")
    if len(result) > MAX_NAMES:
        raise WrongResult(f"more than {MAX_NAMES} claims")
    return cast(dict[str, ClaimValue], _Copy().of(result, depth=0))


def may_say(name: str, *, plugin: str, private_claim_prefix: str) -> bool:
    """Whether a claim of this name is the plugin's to make: its own name in front, and not what
    the server says itself, or might."""
    return (
        _NAME.fullmatch(name) is not None
        and name.startswith(f"{plugin}_")
        and not name.startswith(f"{private_claim_prefix}_")
        and name not in RESERVED_CLAIMS
    )


class _Copy:
    """Copies a value within limits, so that neither size nor depth nor a cycle costs anything."""

    def __init__(self) -> None:
        self._characters = 0
        self._values = 0

    def of(self, value: object, *, depth: int) -> ClaimValue:
        self._values += 1
        if self._values > _MAX_VALUES or depth > _MAX_DEPTH:
            raise WrongResult("claims nested too deep, or too many values")
        if type(value) is dict:
            return {
                self._text(name): self.of(each, depth=depth + 1) for name, each in value.items()
            }
        if type(value) is list:
            return [self.of(each, depth=depth + 1) for each in value]
        return self._plain(value)

    def _plain(self, value: object) -> ClaimValue:
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return self._text(value)
        if type(value) is int and abs(value) <= _MAX_INTEGER:
            return value
        if type(value) is float and math.isfinite(value):
            return value
        raise WrongResult(f"{type(value).__name__} that JSON cannot carry")

    def _text(self, value: object) -> str:
        if type(value) is not str:
            raise WrongResult(f"{type(value).__name__} as the name of a claim")
        self._characters += len(value)
        if self._characters > MAX_CHARACTERS:
            raise WrongResult(f"more than {MAX_CHARACTERS} characters of claims")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise WrongResult("text that UTF-8 cannot carry")
        return value
