"""OpenID Connect as its specification has it, at whatever issuer a tenant names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from authgate.plugin_api import ConnectorConfigError, ExternalIdentity, Setting
from authgate.plugin_api.openid import (
    CLIENT_SECRET_BASIC,
    OAuthClient,
    OpenIdConfig,
    OpenIdConnector,
    check_client,
    check_host,
    check_https,
    identity_of,
    value_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdProviderConfig(OpenIdConfig):
    """What a tenant's administrator enters, from the provider's page of this client."""

    issuer: Annotated[
        str,
        Setting(
            "The provider's issuer, to the letter; its metadata is below it.",
            label="Issuer",
            place=True,
        ),
    ]
    auth_method: Annotated[
        str,
        Setting(
            "How the secret is used: client_secret_basic, client_secret_post, or private_key_jwt, "
            "where the secret is a private key as a JWK.",
            label="Client authentication",
        ),
    ] = CLIENT_SECRET_BASIC
    scope: Annotated[str, Setting("What is asked for; openid must be in it.", label="Scope")] = (
        "openid profile email"
    )
    userinfo: Annotated[
        bool,
        Setting(
            "Ask UserInfo as well, for providers that put little into ID tokens.", label="UserInfo"
        ),
    ] = False
    endpoint_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "Hosts beside the issuer's own that the provider's endpoints are at. The client's "
            "secret is sent to no other.",
            label="Hosts of endpoints",
            place=True,
        ),
    ] = ()
    username_claim: Annotated[
        str, Setting("The claim that wishes for a username.", label="Username")
    ] = "preferred_username"
    email_claim: Annotated[
        str,
        Setting("The claim with the e-mail address.", label="Email"),
    ] = "email"
    email_verified_claim: Annotated[
        str,
        Setting(
            "The claim that is true where the provider has checked that address; email_verified, "
            "where the address is in email. Without one no other address counts.",
            label="Email is verified",
        ),
    ] = ""
    name_claim: Annotated[str, Setting("The claim with the full name.", label="Full name")] = "name"
    groups_claim: Annotated[
        str,
        Setting("The claim that lists groups; dots lead into objects.", label="Groups"),
    ] = "groups"

    def __post_init__(self) -> None:
        check_https("issuer", self.issuer)
        check_client(self.auth_method, self.client_secret)
        for each in self.endpoint_hosts:
            check_host("endpoint_hosts", each)
        if "openid" not in self.scope.split():
            raise ConnectorConfigError("scope", "must have openid in it")


class OpenIdProviderConnector(OpenIdConnector[OpenIdProviderConfig]):
    """The code flow with PKCE and nonce."""

    name = "oidc"
    label = "OpenID Connect"
    icon = "key-round"
    config_type = OpenIdProviderConfig

    @property
    def issuer(self) -> str:
        """As it was entered."""
        return self.config.issuer

    @property
    def client(self) -> OAuthClient:
        """With the method that was chosen."""
        config = self.config
        return OAuthClient(
            client_id=config.client_id, secret=config.client_secret, method=config.auth_method
        )

    @property
    def endpoint_hosts(self) -> Collection[str]:
        """As they were entered."""
        return self.config.endpoint_hosts

    @property
    def wanted_scope(self) -> str:
        """As it was entered."""
        return self.config.scope

    @property
    def wants_userinfo(self) -> bool:
        """As it was chosen."""
        return self.config.userinfo

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """By the claims that were named; the subject is always ``sub``."""
        config, named = self.config, self.config.email_verified_claim
        return identity_of(
            claims,
            issuer=config.issuer,
            subject=claims["sub"],
            username=config.username_claim,
            email=config.email_claim,
            email_verified=value_at(claims, named) is True if named else None,
            name=config.name_claim,
            groups=config.groups_claim,
        )
