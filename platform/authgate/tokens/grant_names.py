"""Grants by the names that are typed, beside those of the standards."""

GRANTS = {
    "authorization_code": "authorization_code",
    "client_credentials": "client_credentials",
    "device_code": "urn:ietf:params:oauth:grant-type:device_code",
    "jwt_bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "refresh_token": "refresh_token",
    "token_exchange": "urn:ietf:params:oauth:grant-type:token-exchange",
}


def in_full(name: str) -> str:
    """What the standards call the grant of this short name; any other name as it is."""
    return GRANTS.get(name, name)
