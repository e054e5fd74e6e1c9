"""What a client says of itself beyond what every request needs (RFC 7591 section 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ConfigDict, with_config

from authgate_tenants.stored_choices import StoredChoices

PRIVATE_KEY_JWT: Final = "private_key_jwt"
CLIENT_SECRET_JWT: Final = "client_secret_jwt"  # the name of a method
AUTHENTICATION_METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    CLIENT_SECRET_JWT,
    PRIVATE_KEY_JWT,
    "none",
)
"""How clients prove who they are (RFC 7591 ``token_endpoint_auth_method``)."""
TLS: Final = "tls_client_auth"
SELF_SIGNED_TLS: Final = "self_signed_tls_client_auth"
TLS_METHODS: Final = (TLS, SELF_SIGNED_TLS)
"""The same by certificates (RFC 8705), where a proxy passes them."""
PUBLIC: Final = "public"
PAIRWISE: Final = "pairwise"
SUBJECT_TYPES: Final = (PUBLIC, PAIRWISE)
"""How a client is told people: as every client, or as no other (OpenID Connect Core section 8)."""
GROUP_NAMES: Final = "names"
GROUP_IDS: Final = "ids"
GROUP_KINDS: Final = (GROUP_NAMES, GROUP_IDS)
"""How a client is told groups: by what people call them, or by what never changes."""


# For whoever reads it from JSON that came from outside.
@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata(StoredChoices):
    """Named as in the standards' registries; stored as JSON, without what is not set.

    Whoever takes it from outside checks it: what is here is read as it is.
    """

    client_uri: str = ""
    """Its page for people."""
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    contacts: tuple[str, ...] = ()
    """E-mail addresses of whoever answers for it."""
    software_id: str = ""
    software_version: str = ""
    self_registered: bool = False
    """Nobody of the tenant has vouched for what it says of itself (RFC 7591 section 5)."""

    allowed_origins: tuple[str, ...] = ()
    """Origins of its pages, which may ask from a browser; those of its redirect URIs may anyway."""

    backchannel_logout_uri: str = ""
    """Where it is told that a session is over (OpenID Connect Back-Channel Logout 1.0)."""
    backchannel_logout_session_required: bool = False
    """Whether it needs ``sid`` there; it is always told."""
    frontchannel_logout_uri: str = ""
    """Its page that is loaded when a person signs out (OpenID Connect Front-Channel Logout 1.0)."""
    frontchannel_logout_session_required: bool = False
    """Whether it needs ``iss`` and ``sid`` there; it is always told."""
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where people may be led after they have signed out, to the letter."""

    subject_type: str = PUBLIC
    """``pairwise``: people have another ``sub`` for it than for clients of other hosts (OpenID
    Connect Core section 8). Whoever changes it makes everybody somebody new to the client."""
    sector_identifier_uri: str = ""
    """Where the hosts of several redirect URIs say that they belong together: an https address of
    a JSON list of all of them. Its host is then whose people they are."""

    token_profile: str = ""
    """Which of the tenant's token profiles it has, ``short``, ``standard`` or ``long``; the
    standard one where empty."""
    access_token_lifetime: int | None = None
    """Seconds, below the profile's; ``None`` leaves it to the profile."""
    refresh_token_lifetime: int | None = None
    audience: tuple[str, ...] = ()
    """``aud`` of its access tokens; the tenant's where empty (RFC 9068 section 2.2)."""
    extra_claims: tuple[str, ...] = ()
    """Claims that it may put into its tokens itself, by name."""

    minimum_acr_value: str = ""
    """What a sign-in has to be worth at least before it is given anything: ``2`` for two factors;
    any will do where empty."""

    groups_claim: str = GROUP_NAMES
    """What it is told of the groups that a person belongs to, where it is granted the scope
    ``groups``: ``names`` or ``ids``."""
    groups_prefix: str = ""
    """It is told of those groups alone whose name begins so, in any case; of all where empty."""
    roles_prefix: str = ""
    """It is told of those roles alone that begin so, where it is granted the scope ``roles``."""

    resources: tuple[str, ...] = ()
    """Of the tenant's resource servers those that it may ask tokens for; all where empty."""
    jwt_bearer_issuers: tuple[str, ...] = ()
    """Of the issuers that the tenant trusts those whose assertions it may bring (RFC 7523 2.1)."""
    token_exchange_from: tuple[str, ...] = ()
    """``aud`` of other clients' tokens that it may exchange: those that it is called itself."""
    token_exchange_to: tuple[str, ...] = ()
    """Audiences for which it may exchange tokens (RFC 8693)."""
    jwks: Mapping[str, Any] | None = None
    """Its public keys (RFC 7517)."""
    jwks_uri: str = ""
    """Where they are instead."""
    token_endpoint_auth_signing_alg: str = ""
    """What it signs assertions with; any algorithm that goes with its method where empty."""
    legacy_assertion_audience: bool = False
    """Its assertions may be for the token endpoint instead of the issuer, as those of older
    libraries are. Only for a client that speaks to no other server."""
    id_token_signed_response_alg: str = ""
    """What signs its ID tokens and logout tokens; the tenant's algorithm where empty."""
    userinfo_signed_response_alg: str = ""
    """Whether it is told who a person is by a JWT; by the tenant's algorithm alone."""
    unauthenticated_refresh: bool = False
    """It may refresh without its secret, as AuthGate's Python SDK does: whoever gets hold of one of
    its refresh tokens then needs nothing else."""
    request_object_signing_alg: str = ""
    """What it signs requests with; any algorithm that goes with its keys where empty."""
    request_uris: tuple[str, ...] = ()
    """Where it keeps signed requests, to the letter (OpenID Connect Registration section 2); no
    other address is asked."""
    require_signed_request_object: bool = False
    """Whether it has to sign its authorization requests (RFC 9101 section 10.5)."""
    security_profile: str = ""
    """``fapi2`` or ``fapi2_message_signing``: all that these profiles demand of a client, at once;
    where it is empty, what the tenant demands of everybody."""
    require_pushed_authorization_requests: bool = False
    """Whether it has to push its authorization requests (RFC 9126 section 6)."""
    tls_client_auth_subject_dn: str = ""
    """Whose certificate it shows, as RFC 4514 writes a name (RFC 8705 section 2.1.2)."""
    tls_client_auth_san_dns: str = ""
    """The same by a host name in the certificate."""
    tls_client_certificate_bound_access_tokens: bool = False
    """Whether its tokens are bound to its certificate (RFC 8705 section 3.4)."""
    dpop_bound_access_tokens: bool = False
    """Whether it gets no token that is not bound to a key (RFC 9449 section 5.2)."""
