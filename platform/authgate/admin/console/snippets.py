"""Lines to paste into a program, with a client's own values in them.

The lines are in ``authgate_templates/console/snippets``. Everything a client says of itself is
quoted for the language it is put into: whoever pastes the lines runs them.
"""

import shlex
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from authgate.admin.console.client_kinds import DEVICE_CODE, kind_of
from authgate.admin.console.line_templates import line_templates
from authgate.storage.clients.rows import Client
from authgate.web.console_view_models import ClientKind, Endpoint, Snippet
from authgate_tenants import current_tenant

_LANGUAGES = {
    "curl": ("curl", "shell"),
    "python": ("Python", "app.py"),
    "javascript": ("JavaScript", "app.mjs"),
    "go": ("Go", "main.go"),
}
_ENVIRONMENT = line_templates("console/snippets")


def endpoints(client: Client) -> Sequence[Endpoint]:
    """The addresses that a client of its kind needs."""
    kind, issuer = kind_of(client), current_tenant().issuer
    found = [
        Endpoint("issuer", issuer),
        Endpoint("discovery", f"{issuer}/.well-known/openid-configuration"),
        Endpoint("token_endpoint", f"{issuer}/oauth/token"),
    ]
    if kind is ClientKind.DEVICE:
        found.append(Endpoint("device_authorization_endpoint", f"{issuer}/oauth/device/code"))
    elif kind is not ClientKind.MACHINE:
        found.append(Endpoint("authorization_endpoint", f"{issuer}/oauth/authorize"))
    if kind is not ClientKind.MACHINE:
        found.append(Endpoint("userinfo_endpoint", f"{issuer}/oauth/userinfo"))
    return [*found, Endpoint("jwks_uri", f"{issuer}/.well-known/jwks.json")]


def environment(client: Client, secret: str) -> str:
    """What the lines of ``snippets`` read from the environment, as an ``.env`` file."""
    values = {
        "ISSUER": current_tenant().issuer,
        "CLIENT_ID": client.client_id,
        "CLIENT_SECRET": secret,
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def snippets(client: Client) -> Sequence[Snippet]:
    """How a client of its kind begins, in several languages."""
    kind = kind_of(client)
    begins = kind if kind in (ClientKind.MACHINE, ClientKind.DEVICE) else "sign_in"
    values = _values(client)
    return [
        Snippet(name, file, _ENVIRONMENT.get_template(f"{begins}.{language}.txt").render(values))
        for language, (name, file) in _LANGUAGES.items()
    ]


def _values(client: Client) -> dict[str, object]:
    issuer, redirect_uri = current_tenant().issuer, next(iter(client.redirect_uris), "")
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(client.scopes),
        "code_challenge_method": "S256",
    }
    return {
        "issuer": issuer,
        "client_id": client.client_id,
        # As a user name is sent (RFC 6749 section 2.3.1).
        "encoded_id": quote(client.client_id, safe=""),
        "public": client.is_public,
        "scope": " ".join(client.scopes),
        "scopes": client.scopes,
        "redirect_uri": redirect_uri,
        "authorization_url": f"{issuer}/oauth/authorize?{urlencode(asked)}&code_challenge=",
        "device_grant": DEVICE_CODE,
    }
