"""Google accounts, those of a company's Workspace alone where its domain is named."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from authgate.plugin_api import ConnectorConfigError, ExternalIdentity, Setting, SignInRefused
from authgate.plugin_api.openid import OpenIdConfig, OpenIdConnector, check_host, identity_of

_GMAIL = ("@gmail.com", "@googlemail.com")
_OTHER_COMPANY = "This Google account belongs to no company that signs in here."


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleConfig(OpenIdConfig):
    """What a tenant's administrator enters, from the page of their OAuth client at Google."""

    hosted_domains: Annotated[
        tuple[str, ...],
        Setting(
            "Domains of the Google Workspaces whose people may sign in. Without any every Google "
            "account may.",
            label="Workspace domains",
        ),
    ] = ()

    def __post_init__(self) -> None:
        for each in self.hosted_domains:
            check_host("hosted_domains", each)
            if "." not in each or ":" in each:
                raise ConnectorConfigError("hosted_domains", "must be domains")


class GoogleConnector(OpenIdConnector[GoogleConfig]):
    """``hd`` of the ID token decides; the parameter of that name only saves people a choice."""

    name = "google"
    label = "Google"
    icon = "globe"
    config_type = GoogleConfig
    home: ClassVar[str] = "https://accounts.google.com"

    @property
    def issuer(self) -> str:
        """There is one."""
        return self.home

    @property
    def endpoint_hosts(self) -> Collection[str]:
        """Where Google's metadata has its endpoints."""
        return ("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com")

    def extra_parameters(self) -> Mapping[str, str]:
        """The one domain, so that people are offered its accounts."""
        domains = self.config.hosted_domains
        return {"hd": domains[0]} if len(domains) == 1 else {}

    def fresh_parameters(self, max_age: int) -> Mapping[str, str]:
        """Google has no way to ask for a sign-in; people choose their account."""
        return {} if max_age else {"prompt": "select_account"}

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Raises ``SignInRefused`` for accounts of other domains. Google vouches for addresses of
        its own and of Workspaces; another's may have changed hands since."""
        domain, email = claims.get("hd"), str(claims.get("email", ""))
        if self.config.hosted_domains and domain not in self.config.hosted_domains:
            raise SignInRefused(_OTHER_COMPANY, cause="hd is no domain of this connection")
        vouched = isinstance(domain, str) or email.lower().endswith(_GMAIL)
        return identity_of(
            claims,
            issuer=self.issuer,
            subject=claims["sub"],
            username="email",
            email_verified=vouched and claims.get("email_verified") is True,
        )
