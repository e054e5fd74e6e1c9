"""Test events: what the target answers to each of those that it is to be asked, step by step.

Statuses and texts of a server that a tenant names are shown to nobody: else whoever may name one
could look around with them.
"""

import time
from collections.abc import Mapping
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


async def send_test_events(tenant: str, config: TargetConfig, http: HttpClient) -> list[SetupStep]:
    """Send them one after the other; the rest only where the target takes the first."""
    first = await _taken("Test event", TEST, {"tenant": tenant, "test": True}, config, http)
    steps = [first]
    if first.passed and config.token_claims:
        steps.append(await _claims(tenant, config, http))
    if first.passed and config.login_policy:
        steps.append(await _decision(tenant, config, http))
    if first.passed and config.audit_events:
        told = {"tenant": tenant, "test": True, "events": []}
        steps.append(await _taken("What has happened", AUDIT_EVENTS, told, config, http))
    return steps


async def _taken(
    name: str, kind: str, data: Mapping[str, object], config: TargetConfig, http: HttpClient
) -> SetupStep:
    try:
        await send(kind, data, config, http)
    except (HttpFailure, TargetRefused) as error:
        return _step(name, _why(error), passed=False)
    return _step(name, "It was taken.")


async def _claims(tenant: str, config: TargetConfig, http: HttpClient) -> SetupStep:
    request = TokenClaimsRequest(
        tenant=tenant,
        issuer="https://auth.example.com",
        client_id="test",
        subject=_NOBODY,
        grant_type="authorization_code",
        scope=frozenset({"openid"}),
    )
    data = asdict(request) | {"scope": sorted(request.scope)}
    name, began = "Claims in tokens", time.monotonic()
    try:
        claims = claims_in(await _answer(TOKEN_CLAIMS, data, config, http))
    except (HttpFailure, TargetRefused, UnfitAnswer) as error:
        return _step(name, _why(error), passed=False)
    budget = rules_of(hookspecs.token_claims).budget
    if time.monotonic() - began > budget:
        return _step(name, f"A fit answer, but not within {budget:g} seconds.", passed=False)
    return _step(name, f"Tokens gain {_names(claims)}.")


async def _decision(tenant: str, config: TargetConfig, http: HttpClient) -> SetupStep:
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
    name, began = "Who signs in", time.monotonic()
    try:
        decision = decision_in(await _answer(LOGIN_POLICY, asdict(request), config, http))
    except (HttpFailure, TargetRefused, UnfitAnswer) as error:
        return _step(name, _why(error), passed=False)
    budget = rules_of(hookspecs.login_policy).budget
    if time.monotonic() - began > budget:
        return _step(name, f"A fit answer, but not within {budget:g} seconds.", passed=False)
    if isinstance(decision, Deny):
        return _step(name, "Somebody nobody knows is not let in.")
    more = isinstance(decision, StepUp)
    return _step(name, f"Somebody nobody knows is {'asked for more' if more else 'let in'}.")


async def _answer(
    kind: str, data: Mapping[str, object], config: TargetConfig, http: HttpClient
) -> Mapping[str, object]:
    return await ask(kind, {**data, "test": True}, config, http)


def _names(claims: Mapping[str, object]) -> str:
    return ", ".join(ascii(name)[1:-1][:_SHOWN] for name in list(claims)[:16]) or "nothing"


def _why(error: Exception) -> str:
    if isinstance(error, TargetRefused):
        return "It answered with another status than one of success."
    if isinstance(error, UnfitAnswer):
        return f"Its answer is not fit: {error}."
    return str(error)


def _step(name: str, said: str, *, passed: bool = True) -> SetupStep:
    return SetupStep(name=name, passed=passed, said=said)
