"""How long a tenant may let things live: no lifetime is longer than its plan allows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from authgate_tenants.plan import Plan
from authgate_tenants.settings import TenantSettings

CAPPED: Mapping[str, str] = {
    "access_token_lifetime": "longest_access_token",
    "access_token_lifetime_cap": "longest_access_token",
    "short_access_token_lifetime": "longest_access_token",
    "long_access_token_lifetime": "longest_access_token",
    "client_credentials_lifetime": "longest_access_token",
    "id_token_lifetime": "longest_access_token",
    "refresh_token_lifetime": "longest_refresh_token",
    "refresh_token_absolute_lifetime": "longest_refresh_token",
    "short_refresh_token_lifetime": "longest_refresh_token",
    "long_refresh_token_lifetime": "longest_refresh_token",
    "session_idle_lifetime": "longest_session",
    "session_absolute_lifetime": "longest_session",
    "remembered_session_lifetime": "longest_session",
}
"""By the setting, what of the plan it is held to."""


def beyond(settings: TenantSettings, plan: Plan) -> Iterator[tuple[str, int]]:
    """Settings that say more than the plan allows, each with what it allows."""
    for name, longest in CAPPED.items():
        most: int | None = getattr(plan, longest)
        if most is not None and getattr(settings, name) > most:
            yield name, most


def within(settings: TenantSettings, plan: Plan) -> TenantSettings:
    """The settings as they hold: chosen before the tenant had this plan, they may say more."""
    held = dict(beyond(settings, plan))
    return replace(settings, **held) if held else settings  # type: ignore[arg-type]  # by name
