"""Sign in with an OAuth 2.0 server that speaks no OpenID Connect."""

from typing import Any

from authgate.plugin_api import LoginConnector, hookimpl
from authgate_oauth2.connector import OAuthProviderConnector

plugin_api_version = "1.1"


@hookimpl
def register_login_connectors() -> list[type[LoginConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [OAuthProviderConnector]
