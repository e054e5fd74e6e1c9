"""Events to the target, and what it answers.

What it answers is believed because it is who the address says, by TLS, and for nothing else.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from authgate.plugin_api import (
    Allow,
    AuditEvent,
    ClaimValue,
    Deny,
    HttpClient,
    HttpResponse,
    LoginDecision,
    LoginRequest,
    StepUp,
    TokenClaimsRequest,
)
from authgate.plugin_api.signatures import signed
from authgate_http_target.settings import TargetConfig

NAME = "http-target"
"""The plugin's, which stands in front of its claims."""

TOKEN_CLAIMS, LOGIN_POLICY, AUDIT_EVENTS = "token.claims", "login.policy", "audit.events"
"""Types of events."""


class TargetRefused(Exception):
    """The target answered with another status than one of success."""


class UnfitAnswer(Exception):
    """What the target answered is not what the event asks for."""


async def ask_claims(
    request: TokenClaimsRequest, config: TargetConfig, http: HttpClient
) -> dict[str, ClaimValue]:
    """The claims, each under the plugin's name. Raises ``TargetRefused``, ``UnfitAnswer`` and
    ``HttpFailure``."""
    data = asdict(request) | {"scope": sorted(request.scope)}
    return claims_in(await ask(TOKEN_CLAIMS, data, config, http))


async def ask_decision(
    request: LoginRequest, config: TargetConfig, http: HttpClient
) -> LoginDecision:
    """The decision. Raises as ``ask_claims`` does."""
    return decision_in(await ask(LOGIN_POLICY, asdict(request), config, http))


async def tell(events: Sequence[AuditEvent], config: TargetConfig, http: HttpClient) -> None:
    """Send what has happened; whatever status of success says that it was taken. Raises
    ``TargetRefused`` and ``HttpFailure``."""
    # The same events told again are the same message.
    told = sha256("\n".join(each.id for each in events).encode()).hexdigest()
    data = {"tenant": events[0].tenant, "events": [_as_sent(each) for each in events]}
    happened = events[-1].occurred_at
    message_id = f"msg_{told[:32]}"
    await send(AUDIT_EVENTS, data, config, http, message_id=message_id, happened=happened)


def claims_in(answer: Mapping[str, object]) -> dict[str, ClaimValue]:
    """What an answer says of a token; whether it may is the server's to judge."""
    claims = answer.get("claims")
    if not isinstance(claims, dict):
        raise UnfitAnswer("it has no claims")
    return {f"{NAME}_{name}": value for name, value in claims.items()}


def decision_in(answer: Mapping[str, object]) -> LoginDecision:
    """What an answer says to a sign-in."""
    match answer:
        case {"decision": "allow"}:
            return Allow()
        case {"decision": "deny", "text": str(text)}:
            return Deny(text)
        case {"decision": "step_up", "acr": str(acr)}:
            return StepUp(acr)
    raise UnfitAnswer("it has no decision")


async def send(
    kind: str,
    data: Mapping[str, object],
    config: TargetConfig,
    http: HttpClient,
    *,
    message_id: str = "",
    happened: datetime | None = None,
) -> HttpResponse:
    """Send one event, which has this id and happened now unless something else is said. Raises
    ``TargetRefused`` and ``HttpFailure``."""
    now = time.time()
    event = {
        "type": kind,
        "timestamp": _written(happened or datetime.fromtimestamp(now, UTC)),
        "data": data,
    }
    # The very bytes that are signed are sent: a receiver must not have to write JSON as we do.
    body = json.dumps(event, separators=(",", ":")).encode("ascii")
    headers = signed(
        body, config.keys, message_id=message_id or f"msg_{uuid4().hex}", timestamp=int(now)
    )
    answer = await http.post_bytes(
        config.url, content=body, headers=headers | {"accept": "application/json"}
    )
    if not answer.ok:
        raise TargetRefused
    return answer


async def ask(
    kind: str, data: Mapping[str, object], config: TargetConfig, http: HttpClient
) -> Mapping[str, object]:
    """What the target answers to one event: an object of JSON. Raises as ``ask_claims`` does."""
    answer = await send(kind, data, config, http)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnfitAnswer("it is not called application/json")
    said = answer.json()
    if not isinstance(said, dict):
        raise UnfitAnswer("it is no object")
    return said


def _as_sent(event: AuditEvent) -> dict[str, object]:
    return asdict(event) | {"occurred_at": _written(event.occurred_at)}


def _written(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")
