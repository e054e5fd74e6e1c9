"""Telling every process that something it may remember has changed.

Within a second whatever happens: while a process cannot hear, it forgets everything once a second.
How processes hear of each other is a matter of what they share: ``postgres.invalidation``,
``sqlite.invalidation`` and ``redis.invalidation``.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from contextvars import Context
from functools import partial
from typing import Protocol, Self
from uuid import UUID

import orjson
import structlog

from authgate.storage.unit_of_work import after_commit

_log = structlog.get_logger(__name__)

EVERY_TOPIC = "*"
"""Reaches all listeners: a tenant was suspended, or deleted."""

SILENCE_SECONDS = 0.4
CONNECT_SECONDS = 0.5
_PAUSE_SECONDS = 0.4
"""Twice the silence, or an attempt and the pause after it: both are less than a second."""


def told(topic: str, tenant_id: UUID | None, *parts: str) -> bytes:
    """An invalidation as it goes from process to process."""
    # As text: asyncpg has a class of its own for ids, which JSON does not know.
    return orjson.dumps((topic, str(tenant_id) if tenant_id is not None else None, *parts))


class Forget(Protocol):
    """Drops what it remembers: ``Cached.forget``."""

    def __call__(self, tenant_id: UUID | None, /, *parts: str) -> None:
        """One value by the parts of its key, a tenant's, or (``None`` alone) everything."""
        ...


class Invalidations:
    """Tells this process alone. Open it with ``async with``."""

    remembered_seconds = 0.9
    """How long a value may be kept that nobody has said to have changed: here every process
    refuses a suspended tenant, a blocked address, a disabled client, and what a revoked key has
    signed, within a second."""

    hear_others = False
    """Whether what another process changes comes to be heard here, sooner or later."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[Forget]] = defaultdict(list)

    @property
    def owed(self) -> int:
        """How many changes others have not been told of yet."""
        return 0

    def subscribe(self, topic: str, forget: Forget) -> None:
        """Have this called for each invalidation of the topic, from whichever process."""
        self._listeners[topic].append(forget)

    def begin(self) -> None:
        """Something is about to be remembered."""

    async def publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """Have everybody forget a value, a tenant's values, or (``None`` alone) all of a topic.

        Once the open unit of work is committed: before that, another process would drop its value,
        read the old one again and keep that. At once where none is open.
        """
        await after_commit(partial(self._publish, topic, tenant_id, *parts))

    async def _publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        self.forget(topic, tenant_id, *parts)

    def forget(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """The same in this process alone."""
        every = topic == EVERY_TOPIC
        for name, listeners in self._listeners.items():
            for forget in listeners if every or name == topic else ():
                try:
                    forget(tenant_id, *parts)
                except Exception:  # noqa: BLE001  # the others have to be told all the same
                    _log.exception("invalidation failed", topic=name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None: ...


class Listening(Invalidations, ABC):
    """Hears of what other processes change, for as long as it is open."""

    hear_others = True

    def __init__(self) -> None:
        super().__init__()
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._is_listening = False
        self._complained = False

    @property
    def are_heard(self) -> bool:
        """Whether this process hears of changes, as long as it remembers anything that may change;
        else it forgets everything once a second."""
        return self._is_listening or self._task is None

    @abstractmethod
    async def _listen(self) -> None:
        """Listen until that fails; say so by ``_hears`` once it does."""

    def begin(self) -> None:
        """Listen from now on: a process that remembers nothing need not."""
        if self._task is None:
            # An empty context: what is heard belongs to no request of this process.
            self._task = asyncio.create_task(self._live(), context=Context())

    async def __aexit__(self, *_error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _live(self) -> None:
        """Listen until that fails, forget everything, pause; for ever."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  # whatever it is: deaf, so forget
                self._complain(error)
            finally:
                self._is_listening = False
            self.forget(EVERY_TOPIC, None)
            self._tried.set()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _hears(self) -> None:
        self.forget(EVERY_TOPIC, None)  # what was said before this moment was missed
        self._complained = False
        self._is_listening = True
        self._tried.set()

    def _heard(self, message: bytes) -> None:
        try:
            topic, tenant_id, *parts = orjson.loads(message)
            self.forget(topic, UUID(tenant_id) if tenant_id else None, *parts)
        except (ValueError, TypeError):
            # Another version of this program says something that this one does not understand.
            self.forget(EVERY_TOPIC, None)

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("invalidations unheard", error=repr(error))
