"""How the endpoints word their refusals."""

from authgate.oauth.errors import (
    InsufficientScope,
    InvalidClient,
    InvalidToken,
    MissingToken,
    OAuthError,
)
from authgate.web.machine import NO_STORE, Headers, Reply
from authgate_tenants import current_tenant


def error(refusal: OAuthError) -> Reply:
    """The refusal as JSON (RFC 6749 section 5.2); without a description where it has none."""
    content = {"error": refusal.code}
    if refusal.description:
        content["error_description"] = refusal.description
    return Reply.json(refusal.status, content, NO_STORE + _headers(refusal))


def _headers(refusal: OAuthError) -> Headers:
    headers: list[tuple[bytes, bytes]] = []
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    challenge = _challenge(refusal)
    if challenge:
        headers.append((b"www-authenticate", challenge.encode("latin-1", "replace")))
    return tuple(headers)


def _challenge(refusal: OAuthError) -> str:
    if isinstance(refusal, InvalidClient):
        return f'Basic realm="{current_tenant().issuer}"'
    if isinstance(refusal, MissingToken):
        return f'Bearer realm="{current_tenant().issuer}"'  # RFC 6750 3: no code if no token came
    if isinstance(refusal, InvalidToken | InsufficientScope):
        return f'Bearer realm="{current_tenant().issuer}", error="{refusal.code}"'
    return ""
