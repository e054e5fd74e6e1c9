"""Claims that a client asks to have in its own token (AuthGate's ``extra_claims``).

Off unless the tenant turns it on, and then only what a client is registered for by name: whoever
reads a token decides by its claims.
"""

from typing import Any

import orjson

from authgate.oauth.errors import InvalidRequest
from authgate.storage.clients.rows import Client
from authgate.web.machine import Form
from authgate_tenants import current_tenant

PARAMETER = "extra_claims"
MAX_BYTES = 4096
MAX_NAMES = 16
MAX_VALUE_BYTES = 512
"""As in AuthGate: of the parameter, of its members, and of each value as JSON."""


def asked(form: Form, client: Client) -> dict[str, Any]:
    """What a request asks for; nothing where the tenant or the client has it off.

    What is not known is ignored (RFC 6749 section 3.2). Raises ``InvalidRequest``.
    """
    text = form.get(PARAMETER)
    if not text or not client.metadata.extra_claims:
        return {}
    if not current_tenant().settings.extra_claims_enabled:
        return {}
    return _checked(_object(text), set(client.metadata.extra_claims))


def _object(text: str) -> dict[str, Any]:
    if len(text.encode()) > MAX_BYTES:
        raise InvalidRequest(f"extra_claims is larger than {MAX_BYTES} bytes.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("extra_claims is not JSON.") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("extra_claims is not a JSON object.")
    return value


def _checked(claims: dict[str, Any], allowed: set[str]) -> dict[str, Any]:
    if len(claims) > MAX_NAMES:
        raise InvalidRequest(f"extra_claims has more than {MAX_NAMES} members.")
    # The tenant may have chosen it after the client was registered.
    private = f"{current_tenant().settings.private_claim_prefix}_"
    for name, value in claims.items():
        if name not in allowed or name.startswith(private):
            raise InvalidRequest("The client is not registered for one of these extra_claims.")
        if _size(value) > MAX_VALUE_BYTES:
            raise InvalidRequest(f"A value in extra_claims is larger than {MAX_VALUE_BYTES} bytes.")
    return claims


def _size(value: object) -> int:
    try:
        # As deep as in the token.
        return len(orjson.dumps([value])) - len("[]")
    except orjson.JSONEncodeError as error:
        raise InvalidRequest("A value in extra_claims is nested too deep.") from error
