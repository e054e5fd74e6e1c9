"""Sign in with a password that a directory keeps, asked by LDAP."""

from typing import Any

from authgate.plugin_api import PasswordConnector, hookimpl
from authgate_ldap.connector import LdapConnector

plugin_api_version = "1.2"


@hookimpl
def register_password_connectors() -> list[type[PasswordConnector[Any]]]:
    """Offer the one way to sign in that this plugin brings."""
    return [LdapConnector]
