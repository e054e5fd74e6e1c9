"""Nonces that a client puts into its DPoP proofs, so that none is made in advance (RFC 9449 8).

Nothing is remembered of them: a nonce is the moment it was made in, sealed under the tenant's key.
"""

import base64
import struct
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from authgate.clock import Clock
from authgate_tenants import current_tenant
from authgate_tenants.encryption import SealBroken, TenantCipher, TenantEncryption

ROTATED_SECONDS = 60
"""So often a tenant has a new one."""

LIFETIME_SECONDS = 300
"""So long each of them is taken."""

_KIND, _PLACE = "dpop-nonce", ""
_MOMENT = struct.Struct(">Q")
_LONGEST = 128
_REMEMBERED = 10_000


class _Made(NamedTuple):
    at: int
    nonce: str


class DpopNonces:
    """Gives the nonces of the tenant in scope, and knows them again."""

    def __init__(self, *, encryption: TenantEncryption, clock: Clock) -> None:
        self._encryption = encryption
        self._clock = clock
        self._made: OrderedDict[UUID, _Made] = OrderedDict()

    async def current(self) -> str:
        """The one to use from now on."""
        tenant_id, now = current_tenant().id, self._now()
        made = self._made.get(tenant_id)
        if made is None or not 0 <= now - made.at < ROTATED_SECONDS:
            made = _Made(now, _sealed(await self._cipher(), now))
            self._made[tenant_id] = made
            self._made.move_to_end(tenant_id)
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made.nonce

    async def knows(self, nonce: str) -> bool:
        """Whether this is one of the tenant's, and not too old."""
        made_at = _opened(await self._cipher(), nonce) if len(nonce) <= _LONGEST else None
        # Another server's clock may be a little ahead of ours.
        return made_at is not None and -ROTATED_SECONDS <= self._now() - made_at <= LIFETIME_SECONDS

    async def _cipher(self) -> TenantCipher:
        return await self._encryption.cipher(current_tenant().id)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _sealed(cipher: TenantCipher, moment: int) -> str:
    sealed = cipher.seal(kind=_KIND, object_id=_PLACE, plaintext=_MOMENT.pack(moment))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _opened(cipher: TenantCipher, nonce: str) -> int | None:
    try:
        sealed = base64.urlsafe_b64decode(nonce + "=" * (-len(nonce) % 4))
        [moment] = _MOMENT.unpack(cipher.open(kind=_KIND, object_id=_PLACE, sealed=sealed))
    except (ValueError, struct.error, SealBroken):
        return None
    return int(moment)
