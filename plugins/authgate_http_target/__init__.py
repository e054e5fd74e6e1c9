"""Ask a tenant's own server what goes into tokens and who signs in; tell it what has happened."""

from collections.abc import Sequence

from authgate.plugin_api import (
    Allow,
    AuditEvent,
    ClaimValue,
    HttpClient,
    LoginDecision,
    LoginRequest,
    SetupStep,
    TokenClaimsRequest,
    hookimpl,
)
from authgate_http_target.settings import TargetConfig
from authgate_http_target.target import ask_claims, ask_decision, tell
from authgate_http_target.trial import send_test_events

plugin_api_version = "1.2"


@hookimpl
def register_config() -> type[TargetConfig]:
    """Say which settings there are."""
    return TargetConfig


@hookimpl
async def examine_config(tenant: str, config: TargetConfig, http: HttpClient) -> list[SetupStep]:
    """Send test events."""
    return await send_test_events(tenant, config, http)


@hookimpl
async def token_claims(
    request: TokenClaimsRequest, config: TargetConfig, http: HttpClient
) -> dict[str, ClaimValue]:
    """What the target says of a token, where it is asked."""
    return await ask_claims(request, config, http) if config.token_claims else {}


@hookimpl
async def login_policy(
    request: LoginRequest, config: TargetConfig, http: HttpClient
) -> LoginDecision:
    """What the target says to a sign-in, where it is asked."""
    if not config.login_policy or request.subject in config.never_asked:
        return Allow()
    return await ask_decision(request, config, http)


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: TargetConfig, http: HttpClient
) -> None:
    """Tell the target, where it is told."""
    if config.audit_events:
        await tell(events, config, http)
