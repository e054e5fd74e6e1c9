"""Sign in with GitHub, or with a company's GitHub Enterprise."""

from typing import Any

from authgate.plugin_api import LoginConnector, hookimpl
from authgate_github.connector import GitHubConnector

plugin_api_version = "1.0"


@hookimpl
def register_login_connectors() -> list[type[LoginConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [GitHubConnector]
