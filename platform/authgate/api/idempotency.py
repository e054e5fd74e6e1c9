"""Requests that change something and may be sent again, by their ``Idempotency-Key``.

What was done and what was answered are one transaction. The answer is sealed by the tenant's key,
since it may hold a secret.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable

import orjson

from authgate import storage
from authgate.api.access import Caller
from authgate.api.problems import Fault, InFlight, Invalid, KeyReused
from authgate.clock import Clock
from authgate.storage import idempotent_requests
from authgate.storage.idempotent_requests import Found
from authgate.web.machine import MachineRequest, Reply
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

HEADER = "Idempotency-Key"
REPLAYED = (b"idempotent-replayed", b"true")
LONGEST = 255

_KEY = re.compile(rf"[!-~]{{1,{LONGEST}}}")
_SEAL = "idempotent-answer"


class Idempotency:
    """Does each request with a key once."""

    def __init__(self, encryption: TenantEncryption, clock: Clock) -> None:
        self._encryption = encryption
        self._clock = clock

    async def once(
        self, request: MachineRequest, caller: Caller, perform: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """The answer: made now, or the one of the first time. What fails may be tried again.

        Raises ``KeyReused``, ``InFlight`` and ``Invalid``.
        """
        key = request.header(HEADER.lower().encode())
        if key is None:
            return await perform()
        if not _KEY.fullmatch(key):
            detail = f"1 to {LONGEST} visible ASCII characters"
            raise Invalid(faults=[Fault(detail, parameter=HEADER)])
        # With the key, of which no more than a hash is stored: nobody tries by what is stored what
        # secret a body held.
        asked = _hash(key, request.method, request.path, request.query.hex(), request.body.hex())
        found = await idempotent_requests.begin(
            _hash(caller.actor.type, caller.actor.id, caller.client_id, key),
            asked,
            now=self._clock(),
        )
        if found.is_ours:
            return await self._first(found, perform)
        if found.fingerprint != asked:
            raise KeyReused
        return await self._again(found)

    async def _first(self, found: Found, perform: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            async with storage.transaction():
                reply = await perform()
                if not await idempotent_requests.finish(found, await self._sealed(found, reply)):
                    raise InFlight
        except BaseException:
            await idempotent_requests.give_up(found)
            raise
        return reply

    async def _again(self, found: Found) -> Reply:
        if found.answer is None:
            raise InFlight(headers=((b"retry-after", b"1"),))
        cipher = await self._encryption.cipher(current_tenant().id)
        opened = cipher.open(kind=_SEAL, object_id=str(found.id), sealed=found.answer)
        status, body, *headers = orjson.loads(opened)
        kept = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
        return Reply(status, b64decode(body), own=(*kept, REPLAYED))

    async def _sealed(self, found: Found, reply: Reply) -> bytes:
        cipher = await self._encryption.cipher(current_tenant().id)
        headers = [
            (name.decode(), value.decode("latin-1")) for name, value in (*reply.headers, *reply.own)
        ]
        said = [reply.status, b64encode(reply.body).decode(), *headers]
        return cipher.seal(kind=_SEAL, object_id=str(found.id), plaintext=orjson.dumps(said))


def _hash(*parts: str) -> bytes:
    return hashlib.sha256(orjson.dumps(parts)).digest()
