"""Gitea and Forgejo as OpenID providers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from authgate.plugin_api import ExternalIdentity, Setting
from authgate.plugin_api.openid import OpenIdConfig, OpenIdConnector, check_host, identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GiteaConfig(OpenIdConfig):
    """What a tenant's administrator enters, from the page of their application at Gitea."""

    host: Annotated[
        str, Setting("The host name of your Gitea or Forgejo.", label="Host", place=True)
    ]
    confirms_addresses: Annotated[
        bool,
        Setting(
            "Your Gitea makes people confirm their e-mail addresses (REGISTER_EMAIL_CONFIRM, or a "
            "directory that does). It calls every active account's address verified otherwise too.",
            label="Addresses are confirmed",
        ),
    ] = False

    def __post_init__(self) -> None:
        check_host("host", self.host)


class GiteaConnector(OpenIdConnector[GiteaConfig]):
    """The number of an account is who it is; its name can be given to somebody else."""

    name = "gitea"
    label = "Gitea"
    icon = "server"
    config_type = GiteaConfig
    scope = "openid profile email groups"

    @property
    def issuer(self) -> str:
        """The host itself."""
        return f"https://{self.config.host}"

    @property
    def issuer_spellings(self) -> Collection[str]:
        """Versions differ about the slash at the end."""
        return (f"{self.issuer}/",)

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Groups are told as ``organisation`` and ``organisation:team``. Gitea tells no more
        lasting name of them: one that was given up may be another organisation's."""
        verified = self.config.confirms_addresses and claims.get("email_verified") is True
        return identity_of(
            claims,
            issuer=self.issuer,
            subject=claims["sub"],
            email_verified=verified,
            groups="groups",
        )
