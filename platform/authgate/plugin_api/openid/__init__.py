"""OpenID Connect for login connectors: what every provider that speaks it has in common.

A provider of one's own is a class of ``OpenIdConnector`` that says where its issuer is and, where
its claims are peculiar, who they mean.
"""

from authgate.plugin_api.answers import groups_in, said_in, text_in, value_at
from authgate.plugin_api.hosts import check_host, check_https
from authgate.plugin_api.openid.claims import identity_of
from authgate.plugin_api.openid.client import (
    CLIENT_SECRET_BASIC,
    CLIENT_SECRET_POST,
    PRIVATE_KEY_JWT,
    OAuthClient,
    check_client,
)
from authgate.plugin_api.openid.connector import OTHER_PROVIDER, OpenIdConfig, OpenIdConnector
from authgate.plugin_api.openid.provider import Provider

__all__ = [
    "CLIENT_SECRET_BASIC",
    "CLIENT_SECRET_POST",
    "OTHER_PROVIDER",
    "PRIVATE_KEY_JWT",
    "OAuthClient",
    "OpenIdConfig",
    "OpenIdConnector",
    "Provider",
    "check_client",
    "check_host",
    "check_https",
    "groups_in",
    "identity_of",
    "said_in",
    "text_in",
    "value_at",
]
