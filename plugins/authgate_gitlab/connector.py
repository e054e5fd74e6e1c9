"""GitLab as an OpenID provider: gitlab.com, or a GitLab of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from authgate.plugin_api import ExternalIdentity, Setting
from authgate.plugin_api.openid import OpenIdConfig, OpenIdConnector, check_host, identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLabConfig(OpenIdConfig):
    """What a tenant's administrator enters, from the page of their application at GitLab."""

    host: Annotated[
        str, Setting("gitlab.com, or the host name of your own GitLab.", label="Host", place=True)
    ] = "gitlab.com"

    def __post_init__(self) -> None:
        check_host("host", self.host)


class GitLabConnector(OpenIdConnector[GitLabConfig]):
    """The number of an account is who it is; its name can be given to somebody else."""

    name = "gitlab"
    label = "GitLab"
    icon = "server"
    config_type = GitLabConfig
    asks_userinfo = True

    @property
    def issuer(self) -> str:
        """The host itself."""
        return f"https://{self.config.host}"

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Groups are told by their full paths, those of subgroups included. GitLab tells no more
        lasting name of them: a path that was given up may be another group's."""
        return identity_of(
            claims,
            issuer=self.issuer,
            subject=claims["sub"],
            username="nickname",
            groups="groups",
        )
