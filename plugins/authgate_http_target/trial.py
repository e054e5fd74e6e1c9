"""Test events: what the target answers to each of those that it is to be asked, step by step.

Statuses and texts of a server that a tenant names are shown to nobody: else whoever may name one
could look around with them.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict

from authgate.plugin_api import (
    Deny,
    HttpClient,
    HttpFailure,
    LoginRequest,
    SetupStep,
    StepUp,
    TokenClaimsRequest,
    hookspecs,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate_http_target.settings import TargetConfig
from authgate_http_target.target import (
    AUDIT_EVENTS,
    LOGIN_POLICY,
    TOKEN_CLAIMS,
    TargetRefused,
    UnfitAnswer,
    ask,
    claims_in,
    decision_in,
    send,
)

TEST = "test"
"""Type of the event that asks for nothing."""

_NOBODY = "00000000-0000-0000-0000-000000000000"
_SHOWN = 64
_SECONDS = 2.5
"""For each of two rounds of events: all of it is within what the plugin may take."""


class _Late(Exception):
    """A fit answer that would be too late where somebody waits for it."""

    def __init__(self, budget: float) -> None:
        super().__init__(budget)
        self.budget = budget


async def send_test_events(tenant: str, config: TargetConfig, http: HttpClient) -> list[SetupStep]:
    """Send one, and where the target takes it the others, all at once: each is answered for in the
    time that there is, whichever of them hangs."""
    about = {"tenant": tenant, "test": True}
    first = await _step("Test event", _taken(TEST, about, config, http))
    if not first.passed:
        return [first]
    others = []
    if config.token_claims:
        others.append(_step("Claims in tokens", _claims(tenant, config, http)))
    if config.login_policy:
        others.append(_step("Who signs in", _decision(tenant, config, http)))
    if config.audit_events:
        told = _taken(AUDIT_EVENTS, {**about, "events": []}, config, http)
        others.append(_step("What has happened", told))
    return [first, *await asyncio.gather(*others)]


async def _step(name: str, asking: Coroutine[None, None, str]) -> SetupStep:
    try:
        async with asyncio.timeout(_SECONDS):
            return SetupStep(name=name, passed=True, said=await asking)
    except (HttpFailure, TargetRefused, UnfitAnswer, TimeoutError, _Late) as error:
        return SetupStep(name=name, passed=False, said=_why(error))


async def _taken(
    kind: str, data: Mapping[str, object], config: TargetConfig, http: HttpClient
) -> str:
    await send(kind, data, config, http)
    return "It was taken."


async def _claims(tenant: str, config: TargetConfig, http: HttpClient) -> str:
    request = TokenClaimsRequest(
        tenant=tenant,
        issuer="https://auth.example.com",
        client_id="test",
        subject=_NOBODY,
        grant_type="authorization_code",
        scope=frozenset({"openid"}),
    )
    data = asdict(request) | {"scope": sorted(request.scope)}
    began = time.monotonic()
    claims = claims_in(await _answer(TOKEN_CLAIMS, data, config, http))
    _refuse_late(hookspecs.token_claims, began)
    return f"Tokens gain {_names(claims)}."


async def _decision(tenant: str, config: TargetConfig, http: HttpClient) -> str:
    request = LoginRequest(
        tenant=tenant,
        subject=_NOBODY,
        client_id="test",
        address="192.0.2.1",
        amr=("pwd",),
        acr="1",
        connection="",
        new_browser=True,
    )
    began = time.monotonic()
    decision = decision_in(await _answer(LOGIN_POLICY, asdict(request), config, http))
    _refuse_late(hookspecs.login_policy, began)
    if isinstance(decision, Deny):
        return "Somebody nobody knows is not let in."
    more = isinstance(decision, StepUp)
    return f"Somebody nobody knows is {'asked for more' if more else 'let in'}."


def _refuse_late(hook: Callable[..., object], began: float) -> None:
    budget = rules_of(hook).budget
    if time.monotonic() - began > budget:
        raise _Late(budget)


async def _answer(
    kind: str, data: Mapping[str, object], config: TargetConfig, http: HttpClient
) -> Mapping[str, object]:
    return await ask(kind, {**data, "test": True}, config, http)


def _names(claims: Mapping[str, object]) -> str:
    return ", ".join(ascii(name)[1:-1][:_SHOWN] for name in list(claims)[:16]) or "nothing"


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    if isinstance(error, _Late):
        return f"A fit answer, but not within {error.budget:g} seconds."
    if isinstance(error, TargetRefused):
        return "It answered with another status than one of success."
    if isinstance(error, UnfitAnswer):
        return f"Its answer is not fit: {error}."
    return str(error)
