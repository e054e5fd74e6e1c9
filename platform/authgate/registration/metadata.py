"""What a client says of itself when it registers (RFC 7591 section 2, OpenID Connect Registration
section 2), and what is said back.

Of what it names its ``sector_identifier_uri`` is fetched, where it asks for pairwise subjects, and
nothing else. Whatever else is in the document is ignored: who may have which
rights is no client's own to say.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, NoReturn, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from authgate.oauth.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from authgate.provisioning.unfit import UnfitClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import (
    AUTHENTICATION_METHODS,
    CLIENT_SECRET_JWT,
    PRIVATE_KEY_JWT,
    ClientMetadata,
)
from authgate.storage.clients.rows import Client
from authgate.tokens import scopes
from authgate.tokens.id_token import algorithm_for
from authgate.tokens.refresh_rotation import OFFLINE
from authgate.tokens.security_profile import SecurityProfile, stricter
from authgate.vocabulary import ApplicationType, ClientStatus
from authgate.web import redirect_uris
from authgate.web.machine import BadRequest, MachineRequest, parse_json_object
from authgate.web.redirect_uris import BadRedirectUri
from authgate_tenants import TenantSettings, current_tenant

_CODE, _REFRESH = "authorization_code", "refresh_token"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_SHORT = {"device_code": _DEVICE}  # as AuthGate's own clients spell it
_LONGEST_NAME = 80
_MOST_MEMBERS = 100
_MOST_LANGUAGES = 20
_OF_ANOTHER_NAME = {
    "name": "client_name",
    "scopes": "scope",
    "authentication_methods": "token_endpoint_auth_method",
}
"""Members of the document, by what they are called here."""


_KEPT = frozenset(each.name for each in fields(ClientMetadata))


def _https(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise PydanticCustomError("https_url", "Only https URLs are kept")
    return url


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("printable", "Only printable characters are kept")
    return text


def _readable(name: str) -> str:
    """A name as people read it: nothing in it that hides, or turns what stands beside it."""
    plain = unicodedata.normalize("NFKC", name).strip()
    if len(plain) > _LONGEST_NAME or any(unicodedata.category(each)[0] == "C" for each in plain):
        raise PydanticCustomError("name", "A name has at most 80 characters, all to be seen")
    return plain


_Url = Annotated[str, Field(max_length=2048), AfterValidator(_https)]
_Text = Annotated[str, Field(max_length=255), AfterValidator(_printable)]
_Uri = Annotated[str, Field(max_length=redirect_uris.LONGEST)]
_Uris = Annotated[list[_Uri], Field(max_length=20)]
_Words = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=10)]
_Contacts = Annotated[
    list[
        Annotated[
            str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"), AfterValidator(_printable)
        ]
    ],
    Field(max_length=10),
]


class Described(BaseModel):
    """The members that count."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    redirect_uris: _Uris = []
    token_endpoint_auth_method: str = "client_secret_basic"
    token_endpoint_auth_signing_alg: str = ""
    grant_types: _Words = [_CODE]
    response_types: _Words | None = None
    application_type: Literal["web", "native"] | None = None
    client_name: Annotated[str, AfterValidator(_readable)] = ""
    client_uri: _Url = ""
    logo_uri: _Url = ""
    policy_uri: _Url = ""
    tos_uri: _Url = ""
    contacts: _Contacts = []
    scope: Annotated[str, Field(max_length=2048)] | None = None
    software_id: _Text = ""
    software_version: _Text = ""
    post_logout_redirect_uris: _Uris = []
    backchannel_logout_uri: _Url = ""
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: _Uri = ""
    frontchannel_logout_session_required: bool = False
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: _Url = ""
    id_token_signed_response_alg: str = ""
    jwks_uri: _Url = ""
    jwks: dict[str, Any] | None = None
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    userinfo_signed_response_alg: str = ""
    request_object_signing_alg: str = ""
    request_uris: Annotated[list[_Url], Field(max_length=20)] = []
    require_signed_request_object: bool = False
    security_profile: Literal["", "fapi2", "fapi2_message_signing"] = ""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.response_types is not None and self.response_types != self._responses():
            raise PydanticCustomError(
                "response_types", "response_types is code, with the grant authorization_code"
            )
        return self

    def _responses(self) -> list[str]:
        return ["code"] if _CODE in self.grant_types else []

    def draft(self, settings: TenantSettings) -> ClientDraft:
        """The client that is wanted, as far as the tenant lets strangers have one.

        Raises ``InvalidClientMetadata``.
        """
        grants = [_SHORT.get(each, each) for each in dict.fromkeys(self.grant_types)]
        if not grants or not set(grants) <= set(settings.client_registration_grant_types):
            raise InvalidClientMetadata("grant_types: not all of them may be had here.")
        return ClientDraft(
            name=self.client_name or _host(self.redirect_uris) or "Unnamed application",
            grant_types=grants,
            scopes=_scopes(self.scope, grants, settings),
            public=self._is_public(),
            pkce_optional=not (self._is_strict(settings) or self._is_public()),
            redirect_uris=list(dict.fromkeys(self.redirect_uris)),
            application_type=self._kind(),
            authentication_methods=[self.token_endpoint_auth_method],
            metadata=self._metadata(settings),
            status=(
                ClientStatus.PENDING
                if settings.client_registration_approval
                else ClientStatus.ACTIVE
            ),
        )

    def _is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    def _metadata(self, settings: TenantSettings) -> ClientMetadata:
        said: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self
            if name in _KEPT and value is not None
        }
        said["security_profile"] = self._profile(settings)
        signs = self.token_endpoint_auth_method in (PRIVATE_KEY_JWT, CLIENT_SECRET_JWT)
        return ClientMetadata(
            **said,
            self_registered=True,
            legacy_assertion_audience=signs and not self._is_strict(settings),
        )

    def _profile(self, settings: TenantSettings) -> SecurityProfile:
        # What is demanded of everybody is looked at when they register, and not when they come.
        return stricter(self.security_profile, settings.security_profile)

    def _is_strict(self, settings: TenantSettings) -> bool:
        return settings.client_registration_strict or bool(self._profile(settings))

    def _kind(self) -> ApplicationType:
        if self.application_type is not None:
            return ApplicationType(self.application_type)
        # OAuth's own clients do not say it (RFC 7591 has no such member): it is seen by where
        # they want their answers.
        own = bool(self.redirect_uris) and not any(
            redirect_uris.is_claimed(uri) for uri in self.redirect_uris
        )
        return ApplicationType.NATIVE if own else ApplicationType.WEB


def read(request: MachineRequest) -> dict[str, Any]:
    """The document of a request. Raises ``InvalidClientMetadata``."""
    if request.content_type() != "application/json":
        raise InvalidClientMetadata("The document has to be application/json.")
    return parse(request.body)


def parse(body: bytes) -> dict[str, Any]:
    """The members of a document that have a value. Raises ``InvalidClientMetadata``."""
    try:
        document = parse_json_object(body)
    except BadRequest as error:
        raise InvalidClientMetadata(str(error)) from error
    languages = sum("#" in name for name in document)
    if len(document) > _MOST_MEMBERS or languages > _MOST_LANGUAGES:
        raise InvalidClientMetadata("The document has too many members.")
    # RFC 7592 section 2.2: null is what is not there.
    return {name: value for name, value in document.items() if value is not None}


def wanted(document: Mapping[str, Any]) -> ClientDraft:
    """The client that a document describes. Raises ``InvalidClientMetadata`` and
    ``InvalidRedirectUri``."""
    try:
        return Described.model_validate(document).draft(current_tenant().settings)
    except ValidationError as error:
        _refuse(error)


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    where = str(first["loc"][0]) if first["loc"] else ""
    raise _fault(where, str(first["msg"])) from error


def refusal(error: UnfitClient | BadRedirectUri) -> OAuthError:
    """What a client is told that cannot be as it describes itself."""
    if isinstance(error, BadRedirectUri):
        return InvalidRedirectUri(str(error))
    return _fault(_OF_ANOTHER_NAME.get(error.field, error.field), str(error))


def _fault(member: str, text: str) -> OAuthError:
    kind = InvalidRedirectUri if member == "redirect_uris" else InvalidClientMetadata
    return kind(f"{member}: {text}" if member else text)


def _scopes(asked: str | None, grants: list[str], settings: TenantSettings) -> tuple[str, ...]:
    # Whoever registers itself administers nothing, whatever a list says.
    allowed = scopes.usual(settings.client_registration_scopes)
    if _REFRESH not in grants:
        allowed = tuple(each for each in allowed if each != OFFLINE)
    if asked is None:
        return allowed
    try:
        names = scopes.parse(asked)
    except scopes.MalformedScope as error:
        raise InvalidClientMetadata(f"scope: {error}") from error
    if not set(names) <= set(scopes.usual(settings.client_registration_scopes)):
        raise InvalidClientMetadata("scope: not all of it may be had here.")
    return names


def _host(uris: list[str]) -> str:
    try:
        return (urlsplit(uris[0]).hostname or "")[:_LONGEST_NAME] if uris else ""
    except ValueError:
        return ""


def described(client: Client) -> dict[str, Any]:
    """What is registered of a client, by the names of the standard (RFC 7591 section 3.2.1)."""
    said = client.metadata.to_json()
    has_code = _CODE in client.grant_types
    # An administrator may have given it more than one: then the one that is usual.
    method = min(client.authentication_methods, key=AUTHENTICATION_METHODS.index)
    return {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"] if has_code else [],
        "token_endpoint_auth_method": method,
        "application_type": client.application_type.value,
        "scope": " ".join(client.scopes),
        "subject_type": client.metadata.subject_type,
        **{name: value for name, value in said.items() if name in Described.model_fields},
        "id_token_signed_response_alg": algorithm_for(client),
    }
