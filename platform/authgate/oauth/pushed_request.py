"""Authorization requests that clients have pushed, on their way back by a browser (RFC 9126 4)."""

from datetime import datetime
from typing import Final

from authgate.languages import text
from authgate.oauth.authorization_request import AuthorizationRequest, UnprovenRequest
from authgate.storage.clients.rows import Client
from authgate.storage.grants import authorization_requests

NOT_GOOD: Final = text(
    "The application's request (invalid_request_uri) is unknown, was used, or has ended."
)
_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
_LONGEST = 128


async def push(
    wanted: AuthorizationRequest, client: Client, *, now: datetime, expires_at: datetime
) -> str:
    """Keep a request; the ``request_uri`` that stands for it, once."""
    reference = await authorization_requests.push(
        client_id=client.client_id, parameters=wanted.to_json(), now=now, expires_at=expires_at
    )
    return f"{_PREFIX}{reference}"


def reference_of(request_uri: str) -> str | None:
    """What a ``request_uri`` of ours refers to; ``None`` for another's."""
    is_ours = request_uri.startswith(_PREFIX) and len(request_uri) <= _LONGEST
    return request_uri.removeprefix(_PREFIX) if is_ours else None


async def take(reference: str, client: Client, *, now: datetime) -> AuthorizationRequest:
    """The request that this client has pushed, once. Raises ``UnprovenRequest``."""
    stored = await authorization_requests.take(reference, client_id=client.client_id, now=now)
    if stored is None:
        raise UnprovenRequest(NOT_GOOD)
    return AuthorizationRequest.stored(stored)
