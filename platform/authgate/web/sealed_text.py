"""What a browser keeps for us and cannot read: sealed by the tenant's data key, as text for a
cookie, a form or an address."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from authgate_tenants.encryption import SealBroken, TenantCipher


def sealed(said: Sequence[object], *, cipher: TenantCipher, kind: str, object_id: str = "") -> str:
    """Text that opens in this tenant, for this kind and thing, alone."""
    blob = cipher.seal(kind=kind, object_id=object_id, plaintext=orjson.dumps(said))
    return urlsafe_b64encode(blob).rstrip(b"=").decode("ascii")


def opened(text: str, *, cipher: TenantCipher, kind: str, object_id: str = "") -> list[Any]:
    """What was sealed. Raises ``ValueError`` where it was not sealed here for this."""
    try:
        blob = urlsafe_b64decode(text.encode("ascii") + b"==")
        plain = cipher.open(kind=kind, object_id=object_id, sealed=blob)
    except SealBroken as error:
        raise ValueError("Not sealed here for this.") from error
    said: list[Any] = orjson.loads(plain)
    return said
