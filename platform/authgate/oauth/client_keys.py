"""The public keys of clients: registered with them, or kept at their ``jwks_uri`` (RFC 7591 2).

What is fetched is remembered for a while. A key that is not among it may be new, so the set is
fetched again, but not more often than once a minute: who makes up keys does not make us ask. While
a client's host is down its former keys count, for a day.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

import structlog

from authgate import storage
from authgate.clock import Clock
from authgate.plugin_api import HttpClient, HttpFailure
from authgate.storage.caches import Cached
from authgate.storage.clients.rows import Client
from authgate.telemetry import metrics
from authgate.tokens.foreign_jwt import ForeignJwt
from authgate.tokens.jwk import BadJwk, PublicKey, usable_keys
from authgate_tenants import current_tenant

_FRESH_SECONDS = 600
_PAUSE_SECONDS = 60
_LONGEST_KEPT_SECONDS = 86_400
_KEPT_SETS = 2_000
_LARGEST = 65_536

_log = structlog.get_logger(__name__)


class _Fetched(NamedTuple):
    keys: tuple[PublicKey, ...]
    known_at: float
    """When the host said so."""
    asked_at: float


_NOTHING = _Fetched((), 0, 0)


class ClientKeys:
    """Finds the keys that may have signed what a client sends."""

    def __init__(self, http: HttpClient, *, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._kept: Cached[tuple[UUID | None, str], _Fetched] = Cached(
            size=_KEPT_SETS, ttl=_LONGEST_KEPT_SECONDS, clock=self._now
        )

    async def signed(self, client: Client, jwt: ForeignJwt) -> bool:
        """Whether a key of the client made the signature of this JWT."""
        kid = jwt.header.get("kid")
        wanted = kid if isinstance(kid, str) else None
        keys = await self._of(client, wanted)
        return any(jwt.is_signed_by(key) for key in _fitting(keys, wanted))

    async def all_of(self, client: Client) -> Sequence[PublicKey]:
        """The keys that the client has."""
        return await self._of(client, None)

    async def signed_at(self, uri: str, jwt: ForeignJwt) -> bool:
        """The same, for the keys that lie at this address."""
        kid = jwt.header.get("kid")
        wanted = kid if isinstance(kid, str) else None
        return any(jwt.is_signed_by(key) for key in _fitting(await self._at(uri, wanted), wanted))

    async def _of(self, client: Client, kid: str | None) -> Sequence[PublicKey]:
        metadata = client.metadata
        if metadata.jwks is not None:
            return _keys_in(metadata.jwks)
        return await self._at(metadata.jwks_uri, kid) if metadata.jwks_uri else ()

    async def _at(self, uri: str, kid: str | None) -> Sequence[PublicKey]:
        place = (current_tenant().id, uri)
        known = await self._kept.get(place, partial(self._fetch, uri, _NOTHING))
        age = self._now() - known.asked_at
        if age >= (_FRESH_SECONDS if _fitting(known.keys, kid) else _PAUSE_SECONDS):
            self._kept.invalidate(place)
            known = await self._kept.get(place, partial(self._fetch, uri, known))
        return known.keys

    async def _fetch(self, uri: str, former: _Fetched) -> _Fetched:
        try:
            keys = await self._asked(uri)
        except (HttpFailure, BadJwk) as error:
            metrics.client_key_fetches.add("failure")
            _log.warning("no keys where they should be", reason=str(error))
            now = self._now()
            still = former.keys if former.known_at + _LONGEST_KEPT_SECONDS > now else ()
            return _Fetched(still, former.known_at, now)
        metrics.client_key_fetches.add("success")
        return _Fetched(keys, self._now(), self._now())

    def _now(self) -> float:
        return self._clock().timestamp()

    async def _asked(self, uri: str) -> tuple[PublicKey, ...]:
        async with storage.set_aside():
            answer = await self._http.get(uri, headers={"accept": "application/json"})
        if not answer.ok or len(answer.body) > _LARGEST:
            raise HttpFailure(f"Status {answer.status}, {len(answer.body)} bytes.")
        return usable_keys(answer.json())


def _keys_in(document: object) -> Sequence[PublicKey]:
    try:
        return usable_keys(document)
    except BadJwk:
        return ()


def _fitting(keys: Sequence[PublicKey], kid: str | None) -> Sequence[PublicKey]:
    """Those that a JWT with this ``kid`` may mean: all of them where it has none."""
    return keys if kid is None else [key for key in keys if key.kid == kid]
