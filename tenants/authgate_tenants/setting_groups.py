"""What a tenant chooses, by what it is about: the order in which people are shown it."""

from collections.abc import Mapping
from enum import StrEnum


class SettingGroup(StrEnum):
    """What settings are about."""

    TOKENS = "tokens"
    LIFETIMES = "lifetimes"
    CLIENTS = "clients"
    SIGN_IN = "sign-in"
    SESSIONS = "sessions"
    AUDIT = "audit"
    BRANDING = "branding"
    PLUGINS = "plugins"
    OPERATOR = "operator"
    """What the operator of the installation decides for the tenant."""


GROUPS: Mapping[SettingGroup, tuple[str, ...]] = {
    SettingGroup.TOKENS: (
        "signing_algorithm",
        "signing_key_days",
        "refresh_token_rotation",
        "refresh_token_grace",
        "id_token_personal_claims",
        "dpop_nonces",
        "audience",
        "resources",
        "private_claim_prefix",
        "domain",
        "extra_claims_enabled",
    ),
    SettingGroup.LIFETIMES: (
        "access_token_lifetime",
        "access_token_lifetime_cap",
        "access_token_jitter",
        "short_access_token_lifetime",
        "long_access_token_lifetime",
        "client_credentials_lifetime",
        "id_token_lifetime",
        "refresh_token_lifetime",
        "refresh_token_absolute_lifetime",
        "short_refresh_token_lifetime",
        "long_refresh_token_lifetime",
        "authorization_code_lifetime",
        "pushed_request_lifetime",
        "device_code_lifetime",
        "device_poll_interval",
    ),
    SettingGroup.CLIENTS: (
        "require_pkce",
        "require_pushed_authorization_requests",
        "security_profile",
        "allowed_origins",
        "trusted_issuers",
        "client_registration",
        "client_registration_approval",
        "client_registration_scopes",
        "client_registration_grant_types",
        "client_registration_strict",
        "client_id_metadata_documents",
        "unused_client_lifetime",
        "own_applications",
        "own_applications_limit",
    ),
    SettingGroup.SIGN_IN: (
        "impersonation",
        "impersonation_minutes",
        "password_sign_in",
        "password_min_length",
        "breached_password_check",
        "password_change_signs_out",
        "new_sign_in_mail",
        "sign_up",
        "sign_up_domains",
        "own_profile",
        "account_deletion",
        "account_deletion_days",
        "bcrypt_passwords",
        "remember_sign_in",
        "second_factor",
        "second_factor_groups",
        "second_factor_grace_days",
        "remembered_device_days",
        "auto_register",
        "auto_register_domains",
        "operator_access",
    ),
    SettingGroup.SESSIONS: (
        "session_idle_lifetime",
        "session_absolute_lifetime",
        "remembered_session_lifetime",
        "sessions_per_person",
    ),
    SettingGroup.AUDIT: (
        "audit_retention_days",
        "audit_person_days",
        "alert_rules",
        "alert_mail",
        "alert_recipients",
    ),
    SettingGroup.BRANDING: (
        "brand_color",
        "brand_color_dark",
        "logo",
        "sign_in_title",
        "sign_in_text",
        "support_url",
        "privacy_url",
        "terms_url",
        "languages",
        "default_language",
        "sign_in_titles",
        "sign_in_texts",
    ),
    SettingGroup.PLUGINS: ("paused_plugins",),
    SettingGroup.OPERATOR: ("audit_legal_hold", "enabled_plugins", "login_limits"),
}
"""Each setting is in one of them."""

OF_OPERATORS = frozenset(GROUPS[SettingGroup.OPERATOR])
"""Settings that nobody of the tenant changes: they let code run, or loosen what protects others."""
