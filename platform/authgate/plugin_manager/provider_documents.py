"""What providers publish about themselves, kept between the sign-ins of one connection.

A thousand people who sign in at once ask a provider once, and a token that names a key which
nobody knows has the keys asked for once a minute, whoever makes such tokens. While a provider is
down, or says what is no document of its kind, its former documents count, for a day; then nothing
is believed that they would have to prove.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog

from authgate.plugin_api import HttpClient, HttpFailure, UnfitDocument
from authgate.plugin_manager.shares import plugin_works_for

FRESH_SECONDS = 600.0
RENEWED_SECONDS = 60.0
FAILED_SECONDS = 5.0
KEPT_SECONDS = 86_400.0

_PATIENCE_SECONDS = 1.0
_LARGEST = 262_144
_BYTES = 16_777_216
_OF_ONE_CONNECTION = 8
_LONGEST_FAULT = 300

Check = Callable[[Any], object]
"""Raises for a document that is none of its kind: of JSON it is shown what was read of it."""

_log = structlog.get_logger(__name__)

_Place = tuple[UUID, str, str, bool]
"""Tenant, connection and address, and whether it is JSON."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """What an address said, and how the last question ended."""

    body: bytes = b""
    known_at: float = 0.0
    asked_at: float = 0.0
    fault: str = ""
    is_fit: bool = True
    """Whether it may stand in for what comes after it."""

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
        self._news: set[tuple[UUID, str]] = set()

    def of(
        self, tenant_id: UUID, connection: str, read: set[str] | None = None
    ) -> "ConnectionDocuments":
        """Those of one connection; the addresses that are read of it are put into ``read``."""
        return ConnectionDocuments(self, tenant_id, connection, set() if read is None else read)

    def take_news(self, tenant_id: UUID, connection: str) -> bool:
        """Whether any of a connection's says something else than when this was asked before."""
        place = (tenant_id, connection)
        is_new = place in self._news
        self._news.discard(place)
        return is_new

    def put_back_news(self, tenant_id: UUID, connection: str) -> None:
        """Have it be news once more: whoever took it could not keep it."""
        self._news.add((tenant_id, connection))

    def kept(self, place: _Place) -> bytes:
        """A document that was read before. Raises ``HttpFailure``."""
        copy = self._copies.get(place, _Copy())
        if not copy.body:
            raise HttpFailure(copy.fault or "It was not read before.")
        return copy.body

    async def read(self, place: _Place, *, renewed: bool, check: Check | None = None) -> bytes:
        """A document. Raises ``HttpFailure``."""
        copy = self._copies.get(place)
        if copy is None or self._is_due(copy, renewed=renewed):
            copy = await self._asked(place, check, otherwise=None if renewed else copy)
        if place in self._copies:
            self._copies.move_to_end(place)
        if not copy.body or self._now() - copy.known_at >= KEPT_SECONDS:
            raise HttpFailure(copy.fault or "The document is too old.")
        return copy.body

    def fault(self, place: _Place) -> str:
        """What was wrong when it was last asked for."""
        copy = self._copies.get(place)
        return copy.fault if copy else ""

    def _is_due(self, copy: _Copy, *, renewed: bool) -> bool:
        if copy.fault:
            return self._now() - copy.asked_at >= FAILED_SECONDS
        return self._now() - copy.asked_at >= (RENEWED_SECONDS if renewed else FRESH_SECONDS)

    async def _asked(self, place: _Place, check: Check | None, *, otherwise: _Copy | None) -> _Copy:
        asking = self._ask(place, check)
        if otherwise is not None and self._stands_in(otherwise):
            # While the provider hangs nobody waits long for it who can do without.
            done, _ = await asyncio.wait([asking], timeout=_PATIENCE_SECONDS)
            if not done:
                return otherwise
        return await asyncio.shield(asking)

    def _stands_in(self, copy: _Copy) -> bool:
        """Whether it counts although the last question had a fault."""
        is_young = self._now() - copy.known_at < KEPT_SECONDS
        return bool(copy.fault and copy.body) and copy.is_fit and is_young

    def _ask(self, place: _Place, check: Check | None) -> asyncio.Task[_Copy]:
        task = self._asking.get(place)
        if task is None:
            # Of nobody's own: who gives up waiting takes the answer from nobody else. But the
            # tenant's, whose share of the connections it takes.
            context = Context()
            context.run(plugin_works_for.set, place[0])
            task = asyncio.create_task(self._fetch(place, check), context=context)
            self._asking[place] = task
            task.add_done_callback(lambda _: self._asking.pop(place, None))
        return task

    async def _fetch(self, place: _Place, check: Check | None) -> _Copy:
        former = self._copies.get(place, _Copy())
        copy = await self._newer(place, check, former)
        if copy.fault != former.fault:
            _tell(place, copy)
        if (copy.fault, copy.body) != (former.fault, former.body):
            self._news.add(place[:2])
        self._copies[place] = copy
        self._copies.move_to_end(place)
        self._shrink(place)
        return copy

    async def _newer(self, place: _Place, check: Check | None, former: _Copy) -> _Copy:
        try:
            body = await self._body(place)
        except HttpFailure as failure:
            return replace(former, asked_at=self._now(), fault=str(failure))
        now = self._now()
        fault = _fault(body, place, check) if check else ""
        if fault and former.body and former.is_fit and now - former.known_at < KEPT_SECONDS:
            return replace(former, asked_at=now, fault=fault)
        # Without a former one that counts, whoever asks finds out by themselves what is wrong.
        return _Copy(body, now, now, fault, is_fit=not fault)

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
    _urls: set[str] = field(default_factory=set)
    _asks: bool = True

    def kept(self) -> "ConnectionDocuments":
        """The same, of which none is asked for."""
        return replace(self, _asks=False)

    @property
    def faults(self) -> list[str]:
        """What was wrong with those that were read here."""
        return sorted(filter(None, map(self.fault, self._urls)))

    async def read(self, url: str, *, renewed: bool = False, check: Check | None = None) -> object:
        """A JSON document. Raises ``HttpFailure``."""
        return json.loads(await self._read(url, renewed, check, is_json=True))

    async def read_bytes(
        self, url: str, *, renewed: bool = False, check: Check | None = None
    ) -> bytes:
        """A document of any kind. Raises ``HttpFailure``."""
        return await self._read(url, renewed, check, is_json=False)

    def fault(self, url: str) -> str:
        """What was wrong when this address was last asked, whatever for."""
        places = (self._place(url, is_json=each) for each in (True, False))
        return next(filter(None, map(self._all.fault, places)), "")

    async def _read(self, url: str, renewed: bool, check: Check | None, *, is_json: bool) -> bytes:
        place = self._place(url, is_json=is_json)
        if not self._asks:
            return self._all.kept(place)
        self._urls.add(url)
        return await self._all.read(place, renewed=renewed, check=check)

    def _place(self, url: str, *, is_json: bool) -> _Place:
        return self._tenant_id, self._connection, url, is_json


def _fault(body: bytes, place: _Place, check: Check) -> str:
    *_, is_json = place
    try:
        check(json.loads(body) if is_json else body)
    except UnfitDocument as error:
        return str(error)[:_LONGEST_FAULT] or "It is not what it should be."
    except Exception as error:  # noqa: BLE001  # a plugin's: it takes no document from anybody
        return f"{type(error).__name__} while it was looked at."
    return ""


def _tell(place: _Place, copy: _Copy) -> None:
    tenant_id, connection, *_ = place
    where = {"tenant": str(tenant_id), "connection": connection}
    if copy.fault:
        is_kept = bool(copy.body) and copy.is_fit
        _log.warning("provider document at fault", **where, fault=copy.fault, kept=is_kept)
    else:
        _log.info("provider document fit again", **where)
