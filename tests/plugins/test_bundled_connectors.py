"""The bundled ways to sign in keep what every connector has to keep.

Google's does not come here: there is one Google, and no setting that names another.
"""

from secrets import token_urlsafe
from typing import Any, ClassVar

from authgate.pretend.directory import Directory
from authgate.pretend.provider import PretendProvider, Provider
from authgate.testing import LoginConnectorContract, PasswordConnectorContract
from authgate_gitea.connector import GiteaConnector
from authgate_github.connector import GitHubConnector
from authgate_gitlab.connector import GitLabConnector
from authgate_http_api.connector import HttpApiConnector
from authgate_microsoft.connector import MicrosoftConnector
from authgate_oauth2.connector import OAuthProviderConnector
from authgate_oidc.connector import OpenIdProviderConnector
from authgate_saml.connector import SamlConnector
from authgate_testing.pretend_github import PretendGitHub
from authgate_testing.pretend_openid import DIRECTORY, PERSON, PretendOpenId
from authgate_testing.saml_provider import SamlProvider


class TestGitHub(LoginConnectorContract):
    connector = GitHubConnector

    def provider(self, host: str) -> PretendGitHub:
        return PretendGitHub(host=host, client_secret=token_urlsafe(24))


class OpenIdContract(LoginConnectorContract):
    """Where the issuer is, and what its claims have besides."""

    path: ClassVar[str] = ""
    claims: ClassVar[dict[str, Any]] = {}

    def provider(self, host: str) -> PretendOpenId:
        made = PretendOpenId(host=host, path=self.path, client_secret=token_urlsafe(24))
        made.claims |= self.claims
        return made


class TestOpenId(OpenIdContract):
    connector = OpenIdProviderConnector
    path = "/realms/acme"

    def settings(self, provider: Provider) -> dict[str, object]:
        client = {"client_id": provider.client_id, "client_secret": provider.client_secret}
        return {"issuer": f"https://{provider.host}{self.path}", "userinfo": True, **client}


class TestGitLab(OpenIdContract):
    connector = GitLabConnector
    claims: ClassVar[dict[str, Any]] = {"nickname": "octocat"}


class TestGitea(OpenIdContract):
    connector = GiteaConnector


class TestMicrosoft(OpenIdContract):
    connector = MicrosoftConnector
    path = f"/{DIRECTORY}/v2.0"
    claims: ClassVar[dict[str, Any]] = {"tid": DIRECTORY, "oid": PERSON}

    def settings(self, provider: Provider) -> dict[str, object]:
        return {**super().settings(provider), "directory_id": DIRECTORY}


class TestOAuth(LoginConnectorContract):
    connector = OAuthProviderConnector

    def settings(self, provider: Provider) -> dict[str, object]:
        return {
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
            "authorization_url": f"https://{provider.host}{PretendProvider.AUTHORIZE}",
            "token_url": f"https://{provider.host}{PretendProvider.TOKEN}",
            "userinfo_url": f"https://{provider.host}{PretendProvider.PROFILE}",
            "subject_field": "sub",
            "email_verified_field": "email_verified",
        }


class TestHttpApi(PasswordConnectorContract):
    connector = HttpApiConnector

    def settings(self, directory: Directory) -> dict[str, object]:
        url = f"https://{directory.host}/check"
        return {"url": url, "auth_mode": "hmac", "secret": directory.secret}


class TestSaml(LoginConnectorContract):
    connector = SamlConnector

    def provider(self, host: str) -> SamlProvider:
        return SamlProvider(host=host)

    def settings(self, provider: Provider) -> dict[str, object]:
        return {
            "metadata_url": f"https://{provider.host}/metadata",
            "trusted_domains": ["people.example"],
        }
