"""What the forms of a client show, and send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ClientKind, ConsoleFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFields:
    """What is in the fields of a client's form, as it was typed; lists have an entry on each line.

    The names of the fields are the names here; a tick sends ``1``, and by another name that it is
    there.
    """

    name: str = ""
    description: str = ""
    client_id: str = ""
    first_party: bool = False
    consent: str = "remembered"

    redirect_uris: str = ""
    allowed_origins: str = ""
    post_logout_redirect_uris: str = ""
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = False

    scopes: str = ""
    authorization_code: bool = False
    refresh_token: bool = False
    device_code: bool = False
    client_credentials: bool = False
    token_exchange: bool = False
    jwt_bearer: bool = False
    token_exchange_from: str = ""
    token_exchange_to: str = ""
    jwt_bearer_issuers: str = ""
    introspects: bool = False
    pkce_optional: bool = False
    unauthenticated_device_grant: bool = False
    unauthenticated_refresh: bool = False

    client_secret_basic: bool = False
    client_secret_post: bool = False
    client_secret_jwt: bool = False
    private_key_jwt: bool = False
    tls_client_auth: bool = False
    self_signed_tls_client_auth: bool = False
    jwks: str = ""
    """As JSON."""
    jwks_uri: str = ""
    token_endpoint_auth_signing_alg: str = ""
    legacy_assertion_audience: bool = False
    tls_client_auth_subject_dn: str = ""
    tls_client_auth_san_dns: str = ""

    security_profile: str = ""
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    subject_type: str = "public"
    sector_identifier_uri: str = ""
    request_object_signing_alg: str = ""
    request_uris: str = ""
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False

    token_profile: str = ""
    access_token_lifetime: str = ""
    refresh_token_lifetime: str = ""
    audience: str = ""
    resources: str = ""
    extra_claims: str = ""
    minimum_acr_value: str = ""
    groups_claim: str = "names"
    groups_prefix: str = ""
    roles_prefix: str = ""
    project: str = ""
    service_account: str = ""
    id_token_signed_response_alg: str = ""
    userinfo_signed_response_alg: str = ""

    client_uri: str = ""
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    contacts: str = ""


@dataclass(frozen=True, slots=True)
class OfferedSettings:
    """What there is to choose from in the form of a client that there is."""

    resources: Sequence[str] = ()
    """The tenant's resource servers."""
    issuers: Sequence[str] = ()
    """Those that the tenant trusts."""
    algorithms: Sequence[str] = ()
    """What clients sign with."""
    answers: str = ""
    """What the tenant signs with."""
    id_tokens: Sequence[str] = ()
    """What ID tokens may be signed with."""
    profiles: Sequence[str] = ()
    certificates: bool = False
    """Whether a proxy passes the certificates of clients."""
    extra_claims: bool = False
    """Whether clients put claims of their own into tokens."""
    has_secret: bool = True


@dataclass(frozen=True, slots=True)
class ClientFormPage:
    """``console/client_new.html`` and ``console/client_edit.html``. Posts ``ClientFields``."""

    frame: ConsoleFrame
    action: str
    cancel_url: str
    kind: ClientKind
    public: bool
    fields: ClientFields
    known_scopes: Sequence[str] = ()
    offered: OfferedSettings = OfferedSettings()
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the name of the field."""
    title: str = ""
    """Of the client that is changed."""
    version: str = ""
    """Which state of it that is. Posted, and another for each other state."""
    changed_meanwhile: bool = False
    """Whether somebody else has changed it since: nothing was saved."""
