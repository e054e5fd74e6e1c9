"""What providers publish about themselves, kept between the sign-ins of one connection.

A thousand people who sign in at once ask a provider once, and a token that names a key which
nobody knows has the keys asked for once a minute, whoever makes such tokens. While a provider is
down its former documents count, for a day; then nothing is believed that they would have to prove.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from uuid import UUID

from authgate.plugin_api import HttpClient, HttpFailure
from authgate.plugin_manager.shares import plugin_works_for

FRESH_SECONDS = 600.0
RENEWED_SECONDS = 60.0
FAILED_SECONDS = 5.0
KEPT_SECONDS = 86_400.0

_LARGEST = 262_144
_BYTES = 16_777_216
_OF_ONE_CONNECTION = 8

_Place = tuple[UUID, str, str, bool]
"""Tenant, connection and address, and whether it is JSON."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """What an address said, and how the last question ended."""

    body: bytes = b""
    known_at: float = 0.0
    asked_at: float = 0.0
    fault: str = ""

    @property
    def weight(self) -> int:
        """Bytes that it takes, roughly: an address that says nothing takes some too."""
        return len(self.body) + 1000


class ProviderDocuments:
    """The documents of all connections, in so many bytes. One for the process."""

    def __init__(
        self,
        http: HttpClient,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        size: int = _BYTES,
    ) -> None:
        self._http = http
        self._now = monotonic
        self._size = size
        self._copies: OrderedDict[_Place, _Copy] = OrderedDict()
        self._asking: dict[_Place, asyncio.Task[_Copy]] = {}

    def of(self, tenant_id: UUID, connection: str) -> "ConnectionDocuments":
        """Those of one connection."""
        return ConnectionDocuments(self, tenant_id, connection)

    async def read(self, place: _Place, *, renewed: bool) -> bytes:
        """A document. Raises ``HttpFailure``."""
        copy = self._copies.get(place)
        if copy is None or self._is_due(copy, renewed=renewed):
            copy = await self._asked(place)
        if place in self._copies:
            self._copies.move_to_end(place)
        if not copy.body or self._now() - copy.known_at >= KEPT_SECONDS:
            raise HttpFailure(copy.fault or "The document is too old.")
        return copy.body

    def _is_due(self, copy: _Copy, *, renewed: bool) -> bool:
        if copy.fault:
            return self._now() - copy.asked_at >= FAILED_SECONDS
        return self._now() - copy.asked_at >= (RENEWED_SECONDS if renewed else FRESH_SECONDS)

    async def _asked(self, place: _Place) -> _Copy:
        task = self._asking.get(place)
        if task is None:
            # Of nobody's own: who gives up waiting takes the answer from nobody else. But the
            # tenant's, whose share of the connections it takes.
            context = Context()
            context.run(plugin_works_for.set, place[0])
            task = asyncio.create_task(self._fetch(place), context=context)
            self._asking[place] = task
            task.add_done_callback(lambda _: self._asking.pop(place, None))
        return await asyncio.shield(task)

    async def _fetch(self, place: _Place) -> _Copy:
        former = self._copies.get(place, _Copy())
        try:
            body = await self._body(place)
        except HttpFailure as failure:
            copy = _Copy(former.body, former.known_at, self._now(), str(failure))
        else:
            copy = _Copy(body, self._now(), self._now())
        self._copies[place] = copy
        self._copies.move_to_end(place)
        self._shrink(place)
        return copy

    async def _body(self, place: _Place) -> bytes:
        _, _, url, is_json = place
        accept = "application/json" if is_json else "*/*"
        answer = await self._http.get(url, headers={"Accept": accept})
        if answer.status != 200:
            raise HttpFailure(f"Status {answer.status}.")
        if len(answer.body) > _LARGEST:
            raise HttpFailure(f"The document is larger than {_LARGEST} bytes.")
        if is_json:
            answer.json()
        return answer.body

    def _shrink(self, place: _Place) -> None:
        own = [each for each in self._copies if each[:2] == place[:2]]
        for each in own[:-_OF_ONE_CONNECTION]:
            del self._copies[each]
        held = sum(each.weight for each in self._copies.values())
        while held > self._size:
            held -= self._copies.popitem(last=False)[1].weight


@dataclass(frozen=True, slots=True)
class ConnectionDocuments:
    """The ``Documents`` of one connection."""

    _all: ProviderDocuments
    _tenant_id: UUID
    _connection: str

    async def read(self, url: str, *, renewed: bool = False) -> object:
        """A JSON document. Raises ``HttpFailure``."""
        return json.loads(await self._read(url, renewed, is_json=True))

    async def read_bytes(self, url: str, *, renewed: bool = False) -> bytes:
        """A document of any kind. Raises ``HttpFailure``."""
        return await self._read(url, renewed, is_json=False)

    async def _read(self, url: str, renewed: bool, *, is_json: bool) -> bytes:
        place = (self._tenant_id, self._connection, url, is_json)
        return await self._all.read(place, renewed=renewed)
