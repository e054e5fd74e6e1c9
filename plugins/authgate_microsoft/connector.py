"""Microsoft Entra ID, the second version of its endpoints, bound to one directory.

``oid`` and ``tid`` are who somebody is. ``email`` and ``upn`` are what the administrators of
whichever directory have written there, so they find nobody and count for nothing, unless Entra
says that the owner of the domain has proven it (``xms_edov``).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from authgate.plugin_api import ConnectorConfigError, ExternalIdentity, Setting, SignInRefused
from authgate.plugin_api.openid import (
    CLIENT_SECRET_POST,
    OAuthClient,
    OpenIdConfig,
    OpenIdConnector,
    check_host,
    identity_of,
)

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GRAPH = ("graph.microsoft.com", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn")
_OTHER_DIRECTORY = "This account belongs to another directory than the one that signs in here."


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrosoftConfig(OpenIdConfig):
    """What a tenant's administrator enters, from the page of their app registration."""

    directory_id: Annotated[
        str,
        Setting(
            "Directory (tenant) ID of the app registration: the identifier, never a name, and "
            "never common or organizations, which would let in everybody.",
            label="Directory ID",
        ),
    ]
    host: Annotated[
        str,
        Setting(
            "login.microsoftonline.com, or that of your national cloud.", label="Host", place=True
        ),
    ] = "login.microsoftonline.com"

    def __post_init__(self) -> None:
        check_host("host", self.host)
        if not _GUID.fullmatch(self.directory_id):
            raise ConnectorConfigError(
                "directory_id", "must be the directory's identifier, in small letters"
            )


class MicrosoftConnector(OpenIdConnector[MicrosoftConfig]):
    """People of one directory."""

    name = "microsoft"
    label = "Microsoft"
    icon = "app-window"
    config_type = MicrosoftConfig

    @property
    def issuer(self) -> str:
        """The directory, by its identifier."""
        return f"https://{self.config.host}/{self.config.directory_id}/v2.0"

    @property
    def endpoint_hosts(self) -> Collection[str]:
        """Where Entra's metadata has its UserInfo, which is not asked."""
        return _GRAPH

    @property
    def client(self) -> OAuthClient:
        """Entra documents the secret in the body."""
        config = self.config
        return OAuthClient(
            client_id=config.client_id, secret=config.client_secret, method=CLIENT_SECRET_POST
        )

    def identity(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """By ``oid`` and ``tid``. Raises ``SignInRefused`` for another directory's people."""
        person, directory = claims.get("oid"), claims.get("tid")
        if directory != self.config.directory_id:
            raise SignInRefused(_OTHER_DIRECTORY, cause="tid is another directory's")
        if not isinstance(person, str) or not _GUID.fullmatch(person):
            raise SignInRefused(_OTHER_DIRECTORY, cause="no oid: the profile scope is missing")
        return identity_of(
            claims,
            issuer=self.issuer,
            subject=person,
            email_verified=claims.get("xms_edov") in (True, "1", "true"),
            groups="groups",
        )
