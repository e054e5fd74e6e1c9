"""Sign in with any identity provider of SAML 2.0."""

from typing import Any

from authgate.plugin_api import LoginConnector, hookimpl
from authgate_saml.connector import SamlConnector

plugin_api_version = "1.2"


@hookimpl
def register_login_connectors() -> list[type[LoginConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [SamlConnector]
