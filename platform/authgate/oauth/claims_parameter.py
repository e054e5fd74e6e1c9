"""``claims``: what a client wants to be told, one by one (OpenID Connect Core section 5.5).

People allow scopes, so a claim that is asked for counts as asking for the scope that has it, where
the client is registered for that.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from authgate.oauth.errors import InvalidRequest, UnmetAuthenticationRequirements
from authgate.tokens import standard_claims
from authgate.tokens.authentication import ACR_VALUES

_LONGEST = 4096
_PLACES = ("id_token", "userinfo")
_MOST = 64


class ClaimsRequest(NamedTuple):
    """What is asked for."""

    scopes: tuple[str, ...] = ()
    """Those that have the claims."""
    subject: str = ""
    """The only person who may be answered with; empty where that is anybody."""
    essential_acr: str = ""
    """The least ``acr`` that will do; empty where any will."""
    wished_acr: tuple[str, ...] = ()
    """Those that are asked for and no condition, the best first."""


def read(text: str) -> ClaimsRequest:
    """What the parameter asks for; what is not known of it is ignored.

    Raises ``InvalidRequest``, and ``UnmetAuthenticationRequirements`` where a way to sign in is
    essential that there is not (section 5.5.1.1).
    """
    if not text:
        return ClaimsRequest()
    members = _members(text)
    asked = [(name, _object(name, of)) for place in members for name, of in place.items()]
    demands = [of for name, of in asked if name == "acr"]
    subjects = {each for name, wanted in asked if name == "sub" for each in _values(wanted)}
    if len(subjects) > 1:
        raise InvalidRequest("claims names more than one sub.")
    if any("\0" in subject for subject in subjects):
        raise InvalidRequest("claims holds a NUL character.")
    names = {name for name, _ in asked}
    scopes = tuple(scope for scope, its in standard_claims.BY_SCOPE.items() if names & its)
    return ClaimsRequest(scopes, next(iter(subjects), ""), _essential(demands), _wished(demands))


def _members(text: str) -> list[Mapping[str, Any]]:
    if len(text) > _LONGEST:
        raise InvalidRequest(f"claims is longer than {_LONGEST} characters.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("claims is not JSON.") from error
    whole = _object("claims", value)
    return [_object(place, whole.get(place)) for place in _PLACES]


def _object(name: str, value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _MOST:
        raise InvalidRequest(f"{name[:40]!r} in claims is no object, or a large one.")
    return value


def _essential(demands: Sequence[Mapping[str, Any]]) -> str:
    """What is met at least by whoever meets all of them."""
    least = [_least(_values(each)) for each in demands if each.get("essential")]
    return max(filter(None, least), key=ACR_VALUES.index, default="")


def _least(wanted: set[str]) -> str:
    if not wanted:
        return ""
    found = next((each for each in ACR_VALUES if each in wanted), None)
    if found is None:
        raise UnmetAuthenticationRequirements("Nobody can sign in as acr demands.")
    return found


def _wished(demands: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    found = [_values(each) for each in demands if not each.get("essential")]
    return tuple(each for each in reversed(ACR_VALUES) if any(each in of for of in found))


def _values(wanted: Mapping[str, Any]) -> set[str]:
    """The values one of which is wanted; none where any will do."""
    if "value" in wanted:
        return {str(wanted["value"])}
    several = wanted.get("values")
    if isinstance(several, Collection) and not isinstance(several, str):
        return {str(each) for each in several}
    return set()
