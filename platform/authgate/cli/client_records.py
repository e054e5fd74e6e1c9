"""Clients as ``authgate client`` shows them, and grants by the names that are typed."""

from authgate.cli.failures import Misused
from authgate.cli.output import Record
from authgate.oauth.grants.authorization_code import AuthorizationCodeGrant
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.oauth.grants.jwt_bearer import JwtBearerGrant
from authgate.oauth.grants.refresh_token import RefreshTokenGrant
from authgate.oauth.grants.token_exchange import TokenExchangeGrant
from authgate.storage.client_rows import Client

GRANTS = {
    "authorization_code": AuthorizationCodeGrant.grant_type,
    "client_credentials": ClientCredentialsGrant.grant_type,
    "device_code": DeviceCodeGrant.grant_type,
    "jwt_bearer": JwtBearerGrant.grant_type,
    "refresh_token": RefreshTokenGrant.grant_type,
    "token_exchange": TokenExchangeGrant.grant_type,
}
"""Grants by the names that are typed."""


def whole(client: Client) -> Record:
    """All that there is to say of a client."""
    return {
        **summary(client),
        "description": client.description,
        "type": client.application_type.value,
        "redirect_uris": list(client.redirect_uris),
        "consent": client.consent.value,
        "pkce_optional": client.pkce_optional,
        "introspects": client.introspects,
        "first_party": client.first_party,
        "unauthenticated_device_grant": client.unauthenticated_device_grant,
        "project": client.project,
        "service_account": client.service_account,
        "authentication_methods": sorted(client.authentication_methods),
        "secret_expires_at": client.secrets.expires_at,
        "former_secret_expires_at": client.secrets.former_expires_at,
        **client.metadata.to_json(),
    }


def summary(client: Client) -> Record:
    """What a list says of it."""
    names = {grant_type: name for name, grant_type in GRANTS.items()}
    return {
        "client_id": client.client_id,
        "name": client.name,
        "kind": "public" if client.is_public else "confidential",
        "status": client.status.value,
        "grants": sorted(names.get(each, each) for each in client.grant_types),
        "scopes": list(client.scopes),
    }


def grant_type(typed: str) -> str:
    """The grant of this name. Raises ``Misused``."""
    if typed in GRANTS.values():
        return typed
    if typed not in GRANTS:
        *others, last = GRANTS
        raise Misused(f"There is no grant {typed!r}; there are {', '.join(others)} and {last}.")
    return GRANTS[typed]
