"""Sign in with Google."""

from typing import Any

from authgate.plugin_api import LoginConnector, hookimpl
from authgate_google.connector import GoogleConnector

plugin_api_version = "1.1"


@hookimpl
def register_login_connectors() -> list[type[LoginConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [GoogleConnector]
