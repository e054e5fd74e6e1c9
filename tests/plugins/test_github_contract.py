"""Signing in at GitHub keeps what every connector has to keep."""

from secrets import token_urlsafe

from authgate.testing import LoginConnectorContract
from authgate_github.connector import GitHubConnector
from authgate_testing.pretend_github import PretendGitHub


class TestGitHub(LoginConnectorContract):
    connector = GitHubConnector

    def provider(self, host: str) -> PretendGitHub:
        return PretendGitHub(host=host, client_secret=token_urlsafe(24))
