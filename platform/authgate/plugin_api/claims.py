"""What a plugin learns about a token that is being made, and what it may say in it."""

from dataclasses import dataclass
from typing import TypeAlias

ClaimValue: TypeAlias = (
    str | int | float | bool | list["ClaimValue"] | dict[str, "ClaimValue"] | None
)
"""What JSON can carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaimsRequest:
    """The access token that is about to be signed."""

    tenant: str
    """Slug of the tenant that issues it."""

    issuer: str
    """``iss`` of the token."""

    client_id: str
    """The client that will hold it."""

    subject: str
    """The user's identifier, or ``client:<client_id>`` for a machine: ``sub`` of the token, unless
    the client is told people pairwise."""

    grant_type: str
    """The grant that is redeemed (RFC 6749 section 1.3)."""

    scope: frozenset[str]
    """What was granted, which may be less than what was asked for."""


RESERVED_CLAIMS = frozenset(
    # RFC 7519 section 4.1 and RFC 9068 section 2.2
    "iss sub aud exp nbf iat jti client_id scope auth_time acr amr roles groups entitlements"
    # OpenID Connect Core sections 2 and 5.1; the back-channel logout claims
    " azp nonce at_hash c_hash s_hash sid events email email_verified phone_number"
    " phone_number_verified preferred_username"
    # RFC 7800, RFC 8693, RFC 9396: who may use a token, for whom, for what
    " cnf act may_act authorization_details"
    # AuthGate's own, and what a careless resource server would take for a header or a tenant
    " type typ token_type user_id username tenant tenant_id tid project service_account uid domain"
    " extra_project extra_service_account extra_uid extra_domain".split()
)
"""Names that only the server may fill, whatever a tenant allows (RFC 8725 section 3.8): someone
decides by them who is calling, for whom, and with which rights."""
