"""Sign in with a password that a service of one's own checks."""

from typing import Any

from authgate.plugin_api import PasswordConnector, hookimpl
from authgate_http_api.connector import HttpApiConnector

plugin_api_version = "1.2"


@hookimpl
def register_password_connectors() -> list[type[PasswordConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [HttpApiConnector]
