"""What a tenant may choose for itself.

Stored as JSON in the tenant's row; a name that is not here is refused when it is written, and
ignored when an older process reads what a newer one wrote.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from authgate_tenants.stored_choices import StoredChoices

SigningAlgorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]

_YEAR = 31_536_000
_Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
_Address = Annotated[str, Field(max_length=500, pattern=r"^(?:https://[!-~]+)?$")]
Lifetime = Annotated[int, Field(gt=0, le=_YEAR)]


class UnknownTenantSetting(ValueError):
    """A tenant setting was named that does not exist."""


# For whoever reads it from JSON that came from outside.
@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
@dataclass(frozen=True, slots=True)
class TenantSettings(StoredChoices):
    """One value per choice; lifetimes are whole seconds.

    The bounds hold for what people enter; what is stored is read as it is.
    """

    signing_algorithm: SigningAlgorithm = "ES256"
    """What signs this tenant's tokens (RFC 7518). HS256 is for servers that share the secret."""

    signing_key_days: Annotated[int, Field(ge=0, le=3650)] = 90
    """Days after which the key that waits takes over from the one that signs; 0 for never by
    itself. The secret of HS256 is replaced by command only, since servers share it."""

    access_token_lifetime: Lifetime = 3600
    """Until a person's access token ends."""

    access_token_lifetime_cap: Lifetime = 86400
    """The longest that a client's access tokens live which has a lifetime of its own."""

    access_token_jitter: Annotated[int, Field(ge=0, le=7200)] = 0
    """People's access tokens end up to so much earlier, each at another moment, so that what was
    given out together does not come back together; never more than half of what they live."""

    short_access_token_lifetime: Lifetime = 900
    """Of clients whose token profile is ``short``."""

    short_refresh_token_lifetime: Lifetime = 86400
    """Until a refresh token of such a client ends that is not used."""

    long_access_token_lifetime: Lifetime = 86400
    """Of clients whose token profile is ``long``."""

    long_refresh_token_lifetime: Lifetime = 7776000
    """Until a refresh token of such a client ends that is not used."""

    client_credentials_lifetime: Lifetime = 3600
    """Until a machine's access token ends."""

    id_token_personal_claims: bool = True
    """Whether ID tokens tell name and e-mail as well, by scope, as AuthGate's do. OpenID Connect
    Core section 5.4 has them told by userinfo alone."""

    id_token_lifetime: Lifetime = 3600
    """Until an ID token ends (OpenID Connect Core section 2, ``exp``)."""

    authorization_code_lifetime: Annotated[int, Field(gt=0, le=600)] = 60
    """Until an authorization code nobody redeemed ends (RFC 6749 section 4.1.2: at most ten
    minutes)."""

    pushed_request_lifetime: Annotated[int, Field(gt=0, le=600)] = 90
    """Until an authorization request that a client has pushed ends (RFC 9126 section 2.2)."""

    require_pushed_authorization_requests: bool = False
    """Whether every client has to push its authorization requests (RFC 9126 section 5)."""

    require_pkce: bool = False
    """Whether every client needs PKCE (RFC 7636), those that are registered to do without as
    well."""

    security_profile: Literal["", "fapi2", "fapi2_message_signing"] = ""
    """What every client has to do at least: all that the FAPI 2.0 Security Profile demands, or
    Message Signing as well. Clients that can't are refused until they can."""

    dpop_nonces: bool = True
    """Whether each DPoP proof has to carry a nonce of ours (RFC 9449 section 8). Clients that
    don't know nonces need ``false``."""

    refresh_token_lifetime: Lifetime = 2592000
    """Until a refresh token that is not used ends."""

    refresh_token_absolute_lifetime: Lifetime = 7776000
    """Until a person must sign in again, however often tokens were refreshed."""

    refresh_token_rotation: bool = True
    """Whether each refresh gives another refresh token and ends the former (RFC 9700 section
    4.14.2)."""

    bcrypt_passwords: bool = False
    """Whether people came with passwords hashed by bcrypt, which are hashed anew when they sign in.
    As long as any such hash is left, each attempt takes as long as both, so that it does not tell
    who has signed in already."""

    refresh_token_grace: Annotated[int, Field(ge=0, le=60)] = 10
    """For how long a client whose answer was lost is given the same successor once more."""

    device_code_lifetime: Annotated[int, Field(gt=0, le=86_400)] = 900
    """Until a device code nobody approved ends (RFC 8628 section 3.2, ``expires_in``)."""

    device_poll_interval: Annotated[int, Field(gt=0, le=60)] = 5
    """Between two polls of a device (RFC 8628 section 3.2, ``interval``)."""

    session_idle_lifetime: Lifetime = 1800
    """Until a browser that does nothing is signed out."""

    session_absolute_lifetime: Lifetime = 43200
    """Until a browser must sign in again whatever it does."""

    remembered_session_lifetime: Lifetime = 2592000
    """The absolute end instead, where the person asked to stay signed in."""

    sessions_per_person: Annotated[int, Field(ge=0, le=100)] = 0
    """In how many browsers a person may be signed in at once: who signs in in one more is signed
    out where they were longest ago; 0 for as many as they like."""

    password_sign_in: bool = True
    """Whether people sign in with a password. Without it there are the tenant's connections
    alone."""

    remember_sign_in: bool = True
    """Whether people may stay signed in (``remembered_session_lifetime``)."""

    second_factor: Literal["off", "optional", "administrators", "required"] = "optional"
    """Whether people show a second factor when they sign in: nobody, whoever has set one up, those
    who administer the tenant as well, or everybody. Who has to and has none sets one up before
    anything else."""

    second_factor_groups: tuple[str, ...] = ()
    """Groups, by name, whose people have to as well."""

    second_factor_grace_days: Annotated[int, Field(ge=0, le=90)] = 0
    """For how many days people are let in without the second factor that they have to have, counted
    for each from when they first come; 0 for not at all. Who signs in again gets no more of
    them, and who changes the number changes nobody's date: 0 ends them for all."""

    remembered_device_days: Annotated[int, Field(ge=0, le=365)] = 30
    """For how many days a browser asks for no second factor that a person asked to be remembered
    in; 0 for never."""

    password_min_length: Annotated[int, Field(ge=15, le=128)] = 15
    """How many characters a password has at least that is chosen from now on."""

    breached_password_check: bool = False
    """Whether a server elsewhere (``egress.breached_passwords_url``) is asked if a password was
    stolen somewhere that is chosen from now on. It is told five characters of its hash. Without an
    answer the password is taken."""

    new_sign_in_mail: bool = True
    """Whether people are written to who sign in with a browser that is not known for them."""

    password_change_signs_out: bool = False
    """Whether whoever changes their password is signed out everywhere else, apps and devices
    included. Else they choose, and a forgotten password always does so."""

    own_profile: bool = True
    """Whether people change their name and address themselves, save those whom another directory
    provisions."""

    account_deletion: bool = True
    """Whether people may have their accounts deleted themselves."""

    account_deletion_days: Annotated[int, Field(ge=1, le=90)] = 14
    """For how long they may think better of it."""

    audit_retention_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """For how many days the audit log keeps events; those that a plugin was not told of yet stay
    until it was."""

    audit_legal_hold: bool = False
    """Whether no event goes, however old."""

    audit_person_days: Annotated[int, Field(ge=0, le=365)] = 30
    """For how many days the audit log keeps what tells of people whose accounts are gone: names,
    addresses, browsers and details. 0 for not at all."""

    alert_rules: Mapping[str, str] = field(default_factory=dict)
    """Rules of alerts that are otherwise than they begin as, by the rule's name: ``"off"``, or how
    many within how long, as ``"20/10min"``."""

    alert_mail: Literal["off", "critical", "all"] = "all"
    """Of which alerts people are written to."""

    alert_recipients: tuple[str, ...] = ()
    """Who is, by user name; whoever owns or administers the tenant where empty."""

    sign_up: Literal["off", "domains", "open"] = "off"
    """Who begins an account by themselves, with an address that they prove: nobody, who has one of
    ``sign_up_domains``, or everybody. Whoever is invited may in any case."""

    sign_up_domains: tuple[str, ...] = ()
    """Domains of the e-mail addresses of those who may."""

    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may ask from a browser as those of the tenant's clients may (Fetch, "CORS
    protocol")."""

    audience: tuple[str, ...] = ()
    """``aud`` of access tokens; the issuer itself where empty (RFC 9068 section 2.2)."""

    trusted_issuers: Mapping[str, str] = field(default_factory=dict)
    """Issuers whose assertions clients may bring for people (RFC 7523 section 2.1), each with the
    https address of its keys; ``sub`` is the user name here."""

    resources: tuple[str, ...] = ()
    """URIs of the resource servers that clients may ask tokens for (RFC 8707); where empty the
    parameter ``resource`` is not looked at."""

    client_registration: Literal["off", "token", "open"] = "off"
    """Who may register clients by themselves (RFC 7591): nobody, whoever has an initial access
    token, or everybody."""

    client_registration_approval: bool = True
    """Whether a client that registers itself, or changes itself, waits for an administrator."""

    client_registration_scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    """What clients that register themselves may ask for."""

    client_registration_grant_types: tuple[str, ...] = (
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    )
    """Grants that they may use."""

    client_registration_strict: bool = True
    """Whether clients that register themselves are held to today's practice (RFC 9700): PKCE, and
    assertions for the issuer alone. Else to what OpenID Connect Core asks: who keeps a secret or a
    key may do without PKCE and check ``nonce``, and assertions may be for the token endpoint."""

    client_id_metadata_documents: bool = False
    """Whether an application may be known by the address of a document that describes it, instead
    of a registration (OAuth Client ID Metadata Documents)."""

    unused_client_lifetime: Lifetime = 7776000
    """Until a client that registered itself goes, if nobody uses it."""

    own_applications: Literal["off", "approval", "open"] = "off"
    """Whether people may register applications of their own: nobody, each waiting for an
    administrator, or each served at once. They may ask for what clients that register themselves
    may (``client_registration_scopes``, ``client_registration_grant_types``)."""

    own_applications_limit: Annotated[int, Field(ge=1, le=100)] = 10
    """How many of them a person may have."""

    operator_access: Literal["approval", "announced"] = "approval"
    """How operators of the installation come in who ask for it: once an owner or administrator has
    approved, or a quarter of an hour after it was announced, unless one of them refuses."""

    impersonation: Literal["off", "consent", "stated"] = "off"
    """Whether somebody in charge of people may act for one of them for a while: nobody, once that
    person has allowed it, or at once, because the tenant has told its people that it does so."""

    impersonation_minutes: Annotated[int, Field(ge=5, le=240)] = 30
    """How long one may act for another."""

    private_claim_prefix: Annotated[
        str, Field(pattern=r"^[a-zA-Z](?:[a-zA-Z0-9_]{0,13}[a-zA-Z0-9])?$")
    ] = "extra"
    """Before the names of the private claims: ``domain``, ``uid``, ``project`` and so on."""

    domain: Annotated[
        str, Field(pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?)?$")
    ] = ""
    """Value of the private claim ``<prefix>_domain``; no claim where empty."""

    extra_claims_enabled: bool = False
    """Whether clients that are registered for it put claims of their own into their tokens."""

    auto_register: bool = False
    """Whether a first sign-in through a connection makes a user."""

    auto_register_domains: tuple[str, ...] = ()
    """Domains of the e-mail addresses that a connection has to vouch for before a first sign-in
    makes a user; any address, or none, is enough where it is empty."""

    brand_color: _Color = "#3f4fe0"
    """The colour the pages derive theirs from, as ``#rrggbb``. Its lightness moves until what is
    read stands off its ground as WCAG 2.2 AA asks."""

    brand_color_dark: Annotated[str, Field(pattern=r"^(?:#[0-9a-fA-F]{6})?$")] = ""
    """Another one where people want dark pages; the same where empty."""

    logo: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{32})?$")] = ""
    """Which of the tenant's logos is on the pages (``POST /settings/logos``); where empty two
    letters of its name are."""

    sign_in_title: Annotated[str, Field(max_length=80)] = ""
    """Above the sign-in form, in place of "Sign in to" and the tenant's name."""

    sign_in_text: Annotated[str, Field(max_length=300)] = ""
    """Below that."""

    support_url: _Address = ""
    """Where people find help; an https address, at the foot of the pages as the next two."""

    privacy_url: _Address = ""
    """What the tenant does with what it learns."""

    terms_url: _Address = ""
    """Its terms."""

    languages: tuple[str, ...] = ()
    """Languages that people's pages and mails are offered in, by tag (RFC 5646): ``en``,
    ``zh-Hant``. All that there are where empty."""

    default_language: Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9-]{2,35})?$")] = ""
    """Where nobody says what they read, or nothing that is offered; the first of them where
    empty."""

    sign_in_titles: Mapping[str, str] = field(default_factory=dict)
    """``sign_in_title`` in other languages, by tag."""

    sign_in_texts: Mapping[str, str] = field(default_factory=dict)
    """``sign_in_text`` in other languages, by tag."""

    enabled_plugins: tuple[str, ...] = ()
    """Plugins that may run for this tenant, by entry point name."""

    paused_plugins: tuple[str, ...] = ()
    """Those among them that do not run, since the tenant leaves them out."""

    login_limits: Mapping[str, str] = field(default_factory=dict)
    """Limits that differ from the installation's, by the limit's name, as ``"5/min burst 5"``."""

    @property
    def running_plugins(self) -> tuple[str, ...]:
        """Plugins that run for this tenant."""
        if not self.paused_plugins:
            return self.enabled_plugins
        return tuple(each for each in self.enabled_plugins if each not in self.paused_plugins)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """These settings with the changes applied. Raises ``UnknownTenantSetting``."""
        unknown = set(changes) - {each.name for each in fields(type(self))}
        if unknown:
            raise UnknownTenantSetting(", ".join(sorted(unknown)))
        return type(self).from_json(asdict(self) | dict(changes))


@cache
def typed_settings() -> TypeAdapter[TenantSettings]:
    """Checks and writes settings by their types. Made when it is needed first: that takes some
    fifty milliseconds, and most processes never ask for it."""
    return TypeAdapter(TenantSettings)
