"""What the API refuses (RFC 9457), as an end of a command: a sentence, and the exit code for it."""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from authgate.cli.failures import Conflict, Failure, Misused, NotAllowed, NotFound, Unhealthy

_ENDS: dict[int, type[Failure]] = {
    400: Misused,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    405: Misused,
    409: Conflict,
    412: Conflict,
    415: Misused,
    422: Misused,
    428: Misused,
}

_NOUNS = {
    "clients": "client",
    "connections": "connection",
    "scopes": "scope",
    "resource-servers": "resource server",
    "signing-keys": "signing key",
    "tokens": "token",
    "authorizations": "authorization",
    "users": "user",
    "sessions": "session",
    "tenants": "tenant",
    "operator-accesses": "access",
    "accesses": "access",
    "exports": "export",
    "jobs": "job",
    "webhooks": "webhook",
    "deliveries": "delivery",
    "secrets": "secret",
}


_NONE: Mapping[str, str] = MappingProxyType({})


def refuse(status: int, told: object, path: str, *, things: Mapping[str, str] = _NONE) -> None:
    """Go on if it was no refusal. Raises ``Failure``.

    ``things`` are what stands at places of the request (JSON pointers) where many of a kind were
    named: who typed them knows them, and not their places.
    """
    if 200 <= status < 300:
        return
    problem: Mapping[str, Any] = told if isinstance(told, dict) else {}
    kind = _ENDS.get(status, Unhealthy if status >= 500 else Failure)
    raise kind(_sentence(status, problem, path, things))


def _sentence(status: int, problem: Mapping[str, Any], path: str, things: Mapping[str, str]) -> str:
    if status == 404 and not problem.get("detail"):
        return _nothing_there(path)
    if faults := problem.get("errors"):
        return " ".join(_fault(each, things) for each in faults)
    said = problem.get("detail") or problem.get("title")
    if not said:
        return f"The server answers {status}, and does not say why: is this an issuer of AuthGate?"
    return _ended(said)


def _fault(fault: Mapping[str, str], things: Mapping[str, str]) -> str:
    place = fault.get("pointer") or fault.get("parameter") or ""
    place = things.get(place) or place.strip("/").replace("/", ".")
    return _ended(f"{place}: {fault['detail']}" if place else fault["detail"])


def _nothing_there(path: str) -> str:
    segments = urlsplit(path).path.strip("/").split("/")
    for collection, name in reversed(list(pairwise(segments))):
        if collection in _NOUNS:
            return f"There is no {_NOUNS[collection]} {unquote(name)}."
    return "There is no such thing."


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
