"""What an endpoint's messages are signed with: several secrets while one follows another."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from authgate.installation import Installation
from authgate.plugin_api.signatures import BEGINNING, key_of
from authgate.storage.webhooks.endpoints import Endpoint, SecretMark
from authgate_tenants import current_tenant

MOST: Final = 3
"""Secrets of one endpoint: a message has a signature by each."""

OVERLAP: Final = timedelta(hours=24)
"""For how long the former ones sign as well, unless something else is said."""

_BYTES = 32
_SEAL = "webhook-endpoint"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was made just now, which is told this once."""

    mark: SecretMark
    text: str


def made(now: datetime) -> NewSecret:
    """A new one."""
    text = BEGINNING + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")
    return NewSecret(SecretMark(str(uuid7()), now, None), text)


def signing(endpoint: Endpoint, now: datetime) -> list[SecretMark]:
    """Those that sign now, the oldest first."""
    return [each for each in endpoint.marks if each.ends_at is None or each.ends_at > now]


async def sealed(parts: Installation, endpoint_id: UUID, texts: Mapping[str, str]) -> bytes:
    """Secrets by their ids, as they are stored."""
    cipher = await parts.encryption.cipher(current_tenant().id)
    said = orjson.dumps(dict(texts))
    return cipher.seal(kind=_SEAL, object_id=str(endpoint_id), plaintext=said)


async def opened(parts: Installation, endpoint: Endpoint) -> dict[str, str]:
    """The texts by the ids. Raises ``SealBroken``."""
    cipher = await parts.encryption.cipher(current_tenant().id)
    said = cipher.open(kind=_SEAL, object_id=str(endpoint.id), sealed=endpoint.sealed_secrets)
    found: dict[str, str] = orjson.loads(said)
    return found


async def keys(parts: Installation, endpoint: Endpoint, now: datetime) -> list[bytes]:
    """What a message is signed with now. Raises ``SealBroken``."""
    texts = await opened(parts, endpoint)
    return [key_of(texts[each.id]) for each in signing(endpoint, now)]
