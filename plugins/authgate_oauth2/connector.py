"""OAuth 2.0 alone: who signed in is asked of an endpoint with the token, and the token forgotten.

There is no ID token, so nothing says that the answer was made for this client: PKCE and the
client's secret bind the code, and the address of the endpoint is the administrator's to know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    Secret,
    Setting,
    SetupStep,
    SignInRefused,
)
from authgate.plugin_api.answers import groups_in, said_in, text_in, value_at
from authgate.plugin_api.hosts import check_https
from authgate.plugin_api.openid import (
    CLIENT_SECRET_BASIC,
    CLIENT_SECRET_POST,
    OTHER_PROVIDER,
    OAuthClient,
    check_client,
)

_METHODS = (CLIENT_SECRET_BASIC, CLIENT_SECRET_POST)
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthProviderConfig:
    """What a tenant's administrator enters, from the server's own documentation."""

    client_id: Annotated[str, Setting("What the server calls this client.", label="Client ID")]
    client_secret: Annotated[
        Secret, Setting("The secret that belongs to the client ID.", label="Client secret")
    ]
    authorization_url: Annotated[
        str,
        Setting("Where people agree to the sign-in.", label="Authorization endpoint", place=True),
    ]
    token_url: Annotated[
        str, Setting("Where the code is redeemed.", label="Token endpoint", place=True)
    ]
    userinfo_url: Annotated[
        str,
        Setting(
            "Where the token shows whose it is, as JSON.",
            label="Address of the profile",
            place=True,
        ),
    ]
    subject_field: Annotated[
        str,
        Setting(
            "The field with the identifier that never changes and is never given to another "
            "person; dots lead into objects. Never a name or an address.",
            label="Identifier",
        ),
    ] = "id"
    scope: Annotated[str, Setting("What is asked for.", label="Scope")] = ""
    auth_method: Annotated[
        str,
        Setting(f"{' or '.join(_METHODS)}.", label="Client authentication"),
    ] = CLIENT_SECRET_BASIC
    username_field: Annotated[
        str, Setting("The field that wishes for a username.", label="Username")
    ] = "login"
    email_field: Annotated[str, Setting("The field with the e-mail address.", label="Email")] = (
        "email"
    )
    email_verified_field: Annotated[
        str,
        Setting(
            "The field that is true where the server has checked the address. Without one no "
            "address counts.",
            label="Email is verified",
        ),
    ] = ""
    name_field: Annotated[str, Setting("The field with the full name.", label="Full name")] = "name"
    groups_field: Annotated[str, Setting("The field that lists groups.", label="Groups")] = ""

    def __post_init__(self) -> None:
        for field in ("authorization_url", "token_url", "userinfo_url"):
            check_https(field, getattr(self, field))
        if self.auth_method not in _METHODS:
            raise ConnectorConfigError("auth_method", f"must be {' or '.join(_METHODS)}")
        check_client(self.auth_method, self.client_secret)
        if len(self.issuer) > _LONGEST_SUBJECT or not self.issuer.isprintable():
            raise ConnectorConfigError("subject_field", "is too long")

    @property
    def issuer(self) -> str:
        """What makes an identifier mean one person: where it is told, and as what. Another field
        would be another's to fill in."""
        return f"{self.userinfo_url}#{self.subject_field}"


class OAuthProviderConnector(LoginConnector[OAuthProviderConfig]):
    """The code flow with PKCE, and the fields of a profile."""

    name = "oauth2"
    label = "OAuth 2.0"
    icon = "key-round"
    config_type = OAuthProviderConfig

    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """The server's own page (RFC 6749 section 4.1.1)."""
        query = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": attempt.redirect_uri,
            "state": attempt.state,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
        }
        scope = {"scope": self.config.scope} if self.config.scope else {}
        return f"{self.config.authorization_url}?{urlencode(query | scope)}"

    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Redeem the code and ask whose it is."""
        place = _host(self.config.authorization_url)
        if answer.issuer and _host(answer.issuer) != place:
            raise SignInRefused(OTHER_PROVIDER, cause="the answer names another issuer")
        client = OAuthClient(
            client_id=self.config.client_id,
            secret=self.config.client_secret,
            method=self.config.auth_method,
        )
        granted = await client.redeem(self.http, self.config.token_url, attempt, answer)
        return self._identity(await self._profile(granted.get("access_token")))

    async def examine(self) -> Sequence[SetupStep]:
        """There is nothing to read before somebody signs in."""
        hosts = {
            _host(each)
            for each in (
                self.config.authorization_url,
                self.config.token_url,
                self.config.userinfo_url,
            )
        }
        one = len(hosts) == 1
        said = "All are at one host." if one else f"They are at {', '.join(sorted(hosts))}."
        return [SetupStep(name="Endpoints", passed=True, said=said)]

    async def _profile(self, token: object) -> Mapping[str, Any]:
        if not isinstance(token, str) or not token:
            raise ProviderUnavailable("The token endpoint gave no access token.")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = await self.http.get(self.config.userinfo_url, headers=headers)
        if not answer.ok:
            raise ProviderUnavailable(f"The profile answered {answer.status}.")
        profile = answer.json()
        if not isinstance(profile, dict):
            raise ProviderUnavailable("The profile is no object.")
        return profile

    def _identity(self, profile: Mapping[str, Any]) -> ExternalIdentity:
        config = self.config
        subject = text_in(profile, config.subject_field)
        if not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise ProviderUnavailable("The profile has no identifier.")
        email = text_in(profile, config.email_field)
        checked = value_at(profile, config.email_verified_field) is True
        return ExternalIdentity(
            issuer=config.issuer,
            subject=subject,
            username=text_in(profile, config.username_field),
            email=email,
            email_verified=checked and bool(email),
            name=text_in(profile, config.name_field),
            groups=groups_in(profile, config.groups_field),
            said=said_in(profile),
        )


def _host(address: str) -> str:
    """The host of an address; nothing where it is none, as what a browser brings may be."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""
