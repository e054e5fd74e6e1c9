"""How long what a client is given lives: by the tenant, by the client's profile, by the client."""

import random
from enum import StrEnum

from authgate.storage.clients.rows import Client
from authgate.tokens import security_profile
from authgate_tenants import TenantSettings, current_tenant


class TokenProfile(StrEnum):
    """How long a client's tokens live, as AuthGate names it."""

    SHORT = "short"
    STANDARD = "standard"
    LONG = "long"


def of_access_token(client: Client) -> int:
    """Seconds until a person's access token ends: each a little less, where the tenant wants that.

    So clients that were given tokens together do not all come back together.
    """
    settings, own = current_tenant().settings, client.metadata.access_token_lifetime
    if own is None:
        lifetime = _access(client.metadata.token_profile, settings)
    else:
        lifetime = min(own, settings.access_token_lifetime_cap)
    jitter = min(settings.access_token_jitter, lifetime // 2)
    return lifetime - random.randrange(jitter + 1) if jitter else lifetime  # noqa: S311 - no secret


def of_code(client: Client) -> int:
    """Seconds until an authorization code ends that nobody has redeemed."""
    chosen = current_tenant().settings.authorization_code_lifetime
    is_bounded = security_profile.of(client)
    return min(chosen, security_profile.CODE_LIFETIME) if is_bounded else chosen


def of_machine_token(client: Client) -> int:
    """Seconds until a machine's access token ends."""
    settings, own = current_tenant().settings, client.metadata.access_token_lifetime
    if own is None:
        return settings.client_credentials_lifetime
    return min(own, settings.access_token_lifetime_cap)


def of_refresh_token(client: Client) -> int:
    """Seconds until a refresh token that nobody uses ends."""
    settings, own = current_tenant().settings, client.metadata.refresh_token_lifetime
    lifetime = _refresh(client.metadata.token_profile, settings) if own is None else own
    return min(lifetime, settings.refresh_token_absolute_lifetime)


def longest(settings: TenantSettings) -> int:
    """Seconds after which everything that was signed until now has ended."""
    return max(
        settings.access_token_lifetime,
        settings.short_access_token_lifetime,
        settings.long_access_token_lifetime,
        settings.access_token_lifetime_cap,
        settings.client_credentials_lifetime,
        settings.id_token_lifetime,
    )


def _access(profile: str, settings: TenantSettings) -> int:
    match profile:
        case TokenProfile.SHORT:
            return settings.short_access_token_lifetime
        case TokenProfile.LONG:
            return settings.long_access_token_lifetime
        case _:
            return settings.access_token_lifetime


def _refresh(profile: str, settings: TenantSettings) -> int:
    match profile:
        case TokenProfile.SHORT:
            return settings.short_refresh_token_lifetime
        case TokenProfile.LONG:
            return settings.long_refresh_token_lifetime
        case _:
            return settings.refresh_token_lifetime
