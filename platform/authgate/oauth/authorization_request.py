"""What a client asks of the authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1).

Two kinds of fault are told apart. Before the redirect URI is proven to be the client's own, the
answer is a page for the person: sending a browser to an address that nobody has vouched for would
make us anybody's redirector. After that the client is told, at that address.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Self

from authgate.languages import text
from authgate.oauth import claims_parameter, pkce, resources
from authgate.oauth.errors import (
    InvalidRequest,
    InvalidScope,
    OAuthError,
    RegistrationNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from authgate.storage.clients.rows import Client
from authgate.tokens import scopes, security_profile
from authgate.tokens.authentication import ACR_VALUES
from authgate.web import redirect_uris
from authgate_tenants import current_tenant

GRANT_TYPE = "authorization_code"
SIGNED_MODES = {"jwt": "query", "query.jwt": "query", "form_post.jwt": "form_post"}
"""Response modes whose answer is signed (JARM section 2.3), and how each is sent."""
RESPONSE_MODES = ("query", "form_post", *SIGNED_MODES)
PROMPTS = ("none", "login", "consent", "select_account")

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_LONGEST = 4096
_MOST_LOCALES = 10
_LONGEST_NONCE = 1024
_LONGEST_AGE = 10**9
# OpenID Connect Core 3.1.2.6: each has an answer of its own.
_ELSEWHERE: Mapping[str, type[OAuthError]] = {
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}


class UnprovenRequest(ValueError):
    """Nobody is known to whom an answer could be sent. The text is for the person."""


class Parameters:
    """The parameters of a request; one without a value counts as not given (RFC 6749 3.1)."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values = {name: value for name, value in pairs if value}
        names = [name for name, _ in pairs]
        self.repeated = frozenset(
            name for name in names if names.count(name) > 1 and name != resources.PARAMETER
        )
        self.resource = tuple(value for name, value in pairs if name == resources.PARAMETER)
        """RFC 8707 section 2: the only parameter that may come several times."""

    def get(self, name: str) -> str:
        """The parameter's value; empty where it has none."""
        return self._values.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._values


class ReturnAddress(NamedTuple):
    """Where and how the client wants its answer."""

    redirect_uri: str
    response_mode: str
    state: str

    @classmethod
    def of(cls, parameters: Parameters, client: Client | None) -> Self:
        """Where the client has registered to be answered. Raises ``UnprovenRequest``."""
        uri = parameters.get("redirect_uri")
        if parameters.repeated & {"client_id", "redirect_uri"}:
            raise UnprovenRequest(text("The application named itself or its address twice."))
        if client is None or not client.is_active:
            raise UnprovenRequest(text("No such application is registered here."))
        if not uri and len(client.redirect_uris) == 1:
            uri = client.redirect_uris[0]
        if not redirect_uris.is_registered(
            uri, client.redirect_uris, client.application_type, public=client.is_public
        ):
            raise UnprovenRequest(
                text("The application asks to be answered where it is not registered.")
            )
        mode = parameters.get("response_mode")
        return cls(
            uri,
            mode if mode in RESPONSE_MODES else RESPONSE_MODES[0],
            parameters.get("state") if "state" not in parameters.repeated else "",
        )


class RefusedRequest(Exception):
    """A request that is not in order, of a client that can be told so."""

    def __init__(self, client: Client, address: ReturnAddress, error: OAuthError) -> None:
        super().__init__(error.code)
        self.client = client
        self.address = address
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that is in order. It is stored, and never changed."""

    redirect_uri: str
    redirect_uri_given: bool
    response_mode: str
    state: str
    scope: tuple[str, ...]
    nonce: str = ""
    code_challenge: str = ""
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    login_hint: str = ""
    ui_locales: tuple[str, ...] = ()
    """Languages for the pages, the best first."""
    subject: str = ""
    """The only person who may be answered with; empty where that is anybody."""
    essential_acr: str = ""
    """What the sign-in has to be worth at least (OpenID Connect Core section 5.5.1.1)."""
    wished_acr: str = ""
    """What it is to be worth, where the person can (section 3.1.2.1, ``acr_values``)."""
    id_token_hint: str = field(default="", repr=False)
    resource: tuple[str, ...] = ()
    dpop_jkt: str = ""
    """The key that the client will show when it redeems the code (RFC 9449 section 10)."""

    @classmethod
    def brought(cls, parameters: Parameters, client: Client | None) -> Self:
        """What a browser asks for. Raises ``UnprovenRequest`` and ``RefusedRequest``."""
        address = ReturnAddress.of(parameters, client)
        assert client is not None  # noqa: S101  # else its address is not proven
        try:
            _check_way(client)
            return cls.read(parameters, client, address)
        except OAuthError as error:
            raise RefusedRequest(client, address, error) from error

    @classmethod
    def read(cls, parameters: Parameters, client: Client, address: ReturnAddress) -> Self:
        """What the parameters ask for. Raises an ``OAuthError`` for the client."""
        _check_shape(parameters)
        _check_flow(parameters, client)
        _check_profile(parameters, client, address)
        claims = claims_parameter.read(parameters.get("claims"))
        return cls(
            redirect_uri=address.redirect_uri,
            redirect_uri_given="redirect_uri" in parameters,
            response_mode=address.response_mode,
            state=address.state,
            scope=_scope(parameters, client, claims.scopes),
            subject=claims.subject,
            essential_acr=claims.essential_acr,
            wished_acr=_wished_acr(parameters, claims.wished_acr),
            nonce=parameters.get("nonce"),
            code_challenge=_code_challenge(parameters, client),
            prompt=_prompt(parameters),
            max_age=_max_age(parameters),
            login_hint=parameters.get("login_hint"),
            ui_locales=_ui_locales(parameters),
            id_token_hint=parameters.get("id_token_hint"),
            resource=resources.granted(tuple(filter(None, parameters.resource)), client),
            dpop_jkt=_dpop_jkt(parameters),
        )

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """What ``to_json`` has made; what a newer version adds to it is left out."""
        names = {each.name for each in fields(cls)} & values.keys()
        known = {name: values[name] for name in names}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists})

    def to_json(self) -> dict[str, Any]:
        """All of it, to be stored."""
        return asdict(self)

    @property
    def address(self) -> ReturnAddress:
        """Where the client wants its answer."""
        return ReturnAddress(self.redirect_uri, self.response_mode, self.state)


def must_push(client: Client) -> bool:
    """Whether the tenant or the client takes requests only where they are pushed."""
    is_pushed = current_tenant().settings.require_pushed_authorization_requests
    is_registered = client.metadata.require_pushed_authorization_requests
    return is_pushed or is_registered or bool(security_profile.of(client))


def _check_way(client: Client) -> None:
    if must_push(client):
        raise InvalidRequest("The request has to be pushed first (RFC 9126).")


def _check_shape(parameters: Parameters) -> None:
    if parameters.repeated:
        raise InvalidRequest(f"The parameter {min(parameters.repeated)[:40]!r} is repeated.")
    for name in ("state", "login_hint", "id_token_hint", "ui_locales", "acr_values"):
        if len(parameters.get(name)) > _LONGEST:
            raise InvalidRequest(f"{name} is longer than {_LONGEST} characters.")
    if len(parameters.get("nonce")) > _LONGEST_NONCE:
        raise InvalidRequest(f"nonce is longer than {_LONGEST_NONCE} characters.")


def _check_flow(parameters: Parameters, client: Client) -> None:
    for name, error in _ELSEWHERE.items():
        if name in parameters:
            raise error(f"{name} is not supported.")
    if not parameters.get("response_type"):
        raise InvalidRequest("response_type is required.")
    if parameters.get("response_type") != "code":
        raise UnsupportedResponseType("response_type must be code.")
    if parameters.get("response_mode") not in ("", *RESPONSE_MODES):
        raise InvalidRequest(f"response_mode must be one of {', '.join(RESPONSE_MODES)}.")
    if GRANT_TYPE not in client.grant_types:
        raise UnauthorizedClient("The client is not registered for the authorization code grant.")


def _check_profile(parameters: Parameters, client: Client, address: ReturnAddress) -> None:
    """What the client's security profile demands, of a client from before it as well."""
    if not security_profile.of(client):
        return
    if not security_profile.signs_well(current_tenant().settings):
        raise UnauthorizedClient("The tenant signs as the client's security profile forbids.")
    if not redirect_uris.is_claimed(address.redirect_uri):
        raise InvalidRequest("redirect_uri has to be https (FAPI 2.0).")
    is_signed = security_profile.is_answered_by_signature(client)
    if is_signed and parameters.get("response_mode") not in SIGNED_MODES:
        raise InvalidRequest(f"response_mode must be one of {', '.join(SIGNED_MODES)}.")


def _scope(parameters: Parameters, client: Client, claimed: tuple[str, ...]) -> tuple[str, ...]:
    try:
        asked = scopes.asked(parameters.get("scope"))
    except scopes.MalformedScope as error:
        raise InvalidScope(str(error)) from error
    if asked:
        asked = tuple(dict.fromkeys((*asked, *claimed)))
    granted = scopes.granted(asked, registered=client.scopes)
    if asked and not granted:
        raise InvalidScope("The client may have none of these scopes.")
    return granted


def _wished_acr(parameters: Parameters, claimed: tuple[str, ...]) -> str:
    # In order of preference; what is not known is no error.
    asked = (*parameters.get("acr_values").split(), *claimed)
    return next((each for each in asked if each in ACR_VALUES), "")


def _ui_locales(parameters: Parameters) -> tuple[str, ...]:
    # OpenID Connect Core section 3.1.2.1: what is not known is no error.
    return tuple(parameters.get("ui_locales").split()[:_MOST_LOCALES])


def _code_challenge(parameters: Parameters, client: Client) -> str:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if not challenge and not method and _may_do_without_pkce(client):
        return ""
    if not challenge:
        raise InvalidRequest("code_challenge is required (RFC 7636).")
    if method != pkce.METHOD:
        raise InvalidRequest(f"code_challenge_method must be {pkce.METHOD}.")
    if not pkce.is_challenge(challenge):
        raise InvalidRequest("code_challenge is not the hash of a verifier.")
    return challenge


def _may_do_without_pkce(client: Client) -> bool:
    is_registered = client.pkce_optional and not client.is_public
    is_demanded = current_tenant().settings.require_pkce or security_profile.of(client)
    return is_registered and not is_demanded


def _dpop_jkt(parameters: Parameters) -> str:
    jkt = parameters.get("dpop_jkt")
    if jkt and not _THUMBPRINT.match(jkt):
        raise InvalidRequest("dpop_jkt is not the thumbprint of a key (RFC 7638).")
    return jkt


def _prompt(parameters: Parameters) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(parameters.get("prompt").split()))
    if any(each not in PROMPTS for each in wanted):
        raise InvalidRequest(f"prompt must be of {', '.join(PROMPTS)}.")
    if "none" in wanted and len(wanted) > 1:
        raise InvalidRequest("prompt=none goes with no other prompt.")
    return wanted


def _max_age(parameters: Parameters) -> int | None:
    text = parameters.get("max_age")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > _LONGEST_AGE:
        raise InvalidRequest("max_age must be a number of seconds.")
    return int(text)
