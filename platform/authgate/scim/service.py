"""What speaks SCIM: finds what is meant of what there is, and words what is answered."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from authgate.installation import Installation
from authgate.scim import discovery
from authgate.scim.asks import Ask, Kind, Outcome
from authgate.scim.bulk import Bulk
from authgate.scim.callers import ScimCaller
from authgate.scim.errors import MEDIA_TYPE, ScimError
from authgate.scim.groups import Groups
from authgate.scim.users import Users
from authgate.scim.wording import worded
from authgate.web.machine import BadRequest, MachineRequest, Reply, parse_json_object, parse_pairs
from authgate.web.machine import Headers as SentHeaders

Counted = Callable[[ScimCaller], Awaitable[SentHeaders]]
"""Counts one more request of a caller. Raises ``TooMany``."""

_JSON = (b"content-type", MEDIA_TYPE.encode())
_NO_STORE = (b"cache-control", b"no-store")
_TAKEN = (MEDIA_TYPE, "application/json")


class Service:
    """Does what is asked."""

    def __init__(self, parts: Installation, *, counted: Counted) -> None:
        self._kinds: Mapping[str, Kind] = {
            "Users": Users(clock=parts.clock),
            "Groups": Groups(parts),
        }
        self._bulk = Bulk(self._kinds, performed=_performed, counted=counted)
        self._body_limit = parts.settings.server.body_limit

    def described(self, template: str, resource_id: str) -> Reply:
        """What there is, for anybody. Raises ``ScimError``."""
        found = discovery.described(template.split("/")[1], resource_id, self._body_limit)
        return Reply(found.status, orjson.dumps(found.content), (_JSON, _NO_STORE))

    async def done(
        self,
        method: str,
        template: str,
        resource_id: str,
        caller: ScimCaller,
        request: MachineRequest,
    ) -> Reply:
        """Do it. Raises ``ScimError``."""
        ask = Ask(caller, _said(request), _parameters(request), request.header(b"if-match"))
        kind = self._kinds[template.split("/")[1]]
        with worded():
            if template.endswith("/.search"):
                outcome = await kind.listed(ask, ask.said)
            elif method == "GET" and not resource_id:
                outcome = await kind.listed(ask, ask.query)
            else:
                outcome = await _performed(kind, method, resource_id, ask)
        return _reply(outcome, request)

    async def done_in_bulk(
        self, caller: ScimCaller, request: MachineRequest, *, begin: Callable[[], Awaitable[None]]
    ) -> Reply:
        """Do many things, once ``begin`` has noted that they are done. Raises ``ScimError``."""
        return _reply(await self._bulk.done(caller, _said(request), begin=begin), request)


async def _performed(kind: Kind, method: str, resource_id: str, ask: Ask) -> Outcome:
    match method:
        case "POST":
            return await kind.created(ask)
        case "GET":
            return await kind.read(ask, resource_id)
        case "PUT":
            return await kind.replaced(ask, resource_id)
        case "PATCH":
            return await kind.patched(ask, resource_id)
        case _:
            return await kind.removed(ask, resource_id)


def _said(request: MachineRequest) -> Mapping[str, Any]:
    if request.method in ("GET", "HEAD", "DELETE"):
        return {}
    if request.content_type() not in _TAKEN:
        raise ScimError(415, f"The body has to be {MEDIA_TYPE}.", "invalidSyntax")
    try:
        return parse_json_object(request.body)
    except BadRequest as error:
        raise ScimError(400, str(error), "invalidSyntax") from error


def _parameters(request: MachineRequest) -> Mapping[str, str]:
    pairs = parse_pairs(request.query)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ScimError(400, "A parameter of the address is repeated.", "invalidValue")
    return found


def _reply(outcome: Outcome, request: MachineRequest) -> Reply:
    own: SentHeaders = ()
    if outcome.version:
        own += ((b"etag", outcome.version.encode("ascii")),)
    if outcome.location:
        own += ((b"location", outcome.location.encode("ascii")),)
    if outcome.content is None:
        return Reply(outcome.status, b"", (_NO_STORE,), own)
    known = [each.strip() for each in (request.header(b"if-none-match") or "").split(",")]
    if request.method in ("GET", "HEAD") and outcome.version and outcome.version in known:
        return Reply(304, b"", (_NO_STORE,), own)
    return Reply(outcome.status, orjson.dumps(outcome.content), (_JSON, _NO_STORE), own)
