"""Clients as ``authgate client`` shows them."""

from typing import Any

from authgate.cli.output import Record
from authgate.tokens.grant_names import GRANTS

_NAMES = {grant_type: name for name, grant_type in GRANTS.items()}


def whole(client: dict[str, Any]) -> Record:
    """All that there is to say of a client."""
    return {
        **summary(client),
        "description": client["description"],
        "type": client["application_type"],
        "redirect_uris": client["redirect_uris"],
        "consent": client["consent"],
        "pkce_optional": client["pkce_optional"],
        "introspects": client["introspects"],
        "first_party": client["first_party"],
        "unauthenticated_device_grant": client["unauthenticated_device_grant"],
        "project": client["project"],
        "service_account": client["service_account"],
        "authentication_methods": client["authentication_methods"],
        "secret_expires_at": client["secret_expires_at"],
        "former_secret_expires_at": client["former_secret_expires_at"],
        **{name: value for name, value in client["metadata"].items() if value},
    }


def summary(client: dict[str, Any]) -> Record:
    """What a list says of it."""
    return {
        "client_id": client["client_id"],
        "name": client["name"],
        "kind": "public" if client["public"] else "confidential",
        "status": client["status"],
        "grants": sorted(_NAMES.get(each, each) for each in client["grant_types"]),
        "scopes": client["scopes"],
    }
