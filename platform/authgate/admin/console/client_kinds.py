"""Kinds of clients: what each begins with, and which a client is."""

from collections.abc import Mapping
from dataclasses import dataclass

from authgate.oauth.grants.authorization_code import AuthorizationCodeGrant
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.oauth.grants.jwt_bearer import JwtBearerGrant
from authgate.oauth.grants.refresh_token import RefreshTokenGrant
from authgate.oauth.grants.token_exchange import TokenExchangeGrant
from authgate.storage.clients.rows import Client
from authgate.vocabulary import ApplicationType
from authgate.web.console_view_models import ClientKind

AUTHORIZATION_CODE = AuthorizationCodeGrant.grant_type
CLIENT_CREDENTIALS = ClientCredentialsGrant.grant_type
DEVICE_CODE = DeviceCodeGrant.grant_type
REFRESH_TOKEN = RefreshTokenGrant.grant_type

GRANTS: Mapping[str, str] = {
    "authorization_code": AUTHORIZATION_CODE,
    "refresh_token": REFRESH_TOKEN,
    "device_code": DEVICE_CODE,
    "client_credentials": CLIENT_CREDENTIALS,
    "token_exchange": TokenExchangeGrant.grant_type,
    "jwt_bearer": JwtBearerGrant.grant_type,
}
"""By the name of its field in a form, each grant that a form offers."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a kind of client begins as."""

    grant: str
    public: bool
    application_type: ApplicationType = ApplicationType.WEB
    redirect_uris: str = ""
    scopes: str = "openid profile email"


BEGINNINGS: Mapping[ClientKind, Beginning] = {
    ClientKind.WEB: Beginning("authorization_code", public=False),
    ClientKind.BROWSER: Beginning("authorization_code", public=True),
    ClientKind.NATIVE: Beginning(
        "authorization_code",
        public=True,
        application_type=ApplicationType.NATIVE,
        # RFC 8252 section 7.3: at any port, which the application takes when it runs.
        redirect_uris="http://127.0.0.1/callback",
    ),
    ClientKind.DEVICE: Beginning("device_code", public=True),
    ClientKind.MACHINE: Beginning("client_credentials", public=False, scopes=""),
}


def kind_of(client: Client) -> ClientKind:
    """Which kind a client is, by what it may use."""
    if AUTHORIZATION_CODE in client.grant_types:
        if client.application_type is ApplicationType.NATIVE:
            return ClientKind.NATIVE
        return ClientKind.BROWSER if client.is_public else ClientKind.WEB
    if DEVICE_CODE in client.grant_types:
        return ClientKind.DEVICE
    return ClientKind.MACHINE if CLIENT_CREDENTIALS in client.grant_types else ClientKind.WEB


def grant_names(client: Client) -> list[str]:
    """Its grants, by the last part of their names."""
    return sorted(each.rpartition(":")[2] for each in client.grant_types)
