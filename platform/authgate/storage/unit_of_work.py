"""One transaction for one request or job.

Whoever stands at the edge opens it; whoever is called inside joins it. What must not happen
before COMMIT (dropping a cache, telling a worker) is left with ``after_commit``. The end of a unit
cannot be cancelled: what is committed is followed by what was left.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from contextvars import ContextVar, Token
from typing import Any, Protocol, cast

import structlog
from tortoise.transactions import in_transaction as begin

_log = structlog.get_logger(__name__)

Afterwards = Callable[[], Awaitable[None]]
Place = AbstractAsyncContextManager[None]


class Transaction(Protocol):
    """A transaction of our own clients."""

    async def __aenter__(self) -> object: ...

    async def end(self, error: BaseException | None) -> None:
        """Commit, or roll back because of an error, in whichever task."""
        ...

    def leave(self) -> None:
        """Statements of the task that began are no longer this transaction's."""
        ...


class Unit:
    """The open transaction."""

    def __init__(self, place: Place, *, whole: bool = False) -> None:
        self.whole = whole
        """Whether it is never set aside, however slow what runs meanwhile."""
        self._place = place
        self._held = AsyncExitStack()
        self._transaction: Transaction | None = None
        self._token: Token[Unit | None] | None = None
        self._afterwards: list[Afterwards] = []
        self._doomed = False

    def doom(self) -> None:
        """Roll back at the end, although no error passes through."""
        self._doomed = True

    def remember(self, callback: Afterwards) -> None:
        """Call this once the transaction has been committed."""
        self._afterwards.append(callback)

    async def open(self) -> None:
        """Begin, once there is a place."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._place)
            begun = cast(Transaction, begin())
            await begun.__aenter__()
            self._held, self._transaction = held.pop_all(), begun
        self._token = _unit.set(self)

    async def close(self, error: BaseException | None = None) -> None:
        """Commit, or roll back because of an error or of ``doom``; then do what was left."""
        begun, self._transaction = self._transaction, None
        if begun is None or self._token is None:
            return
        failed = error or (RuntimeError("doomed") if self._doomed else None)
        # Before the end begins in a context of its own: what follows it is no part of the unit.
        _unit.reset(self._token)
        begun.leave()
        await _to_the_end(self._end(begun, failed))

    async def _end(self, begun: Transaction, failed: BaseException | None) -> None:
        async with self._held:
            await begun.end(failed)
        afterwards, self._afterwards = self._afterwards, []
        for callback in () if failed else afterwards:
            await _call(callback)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do all of it, and only then let this task be cancelled."""
    task, cancelled = asyncio.create_task(work), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen: the cancellation says more
        raise cancelled
    task.result()


async def _call(callback: Afterwards) -> None:
    try:
        await callback()
    except Exception:  # noqa: BLE001  # what is committed is done, and the others follow
        _log.exception("after commit failed")


_unit: ContextVar[Unit | None] = ContextVar("authgate_unit_of_work", default=None)


def in_transaction() -> bool:
    """Whether a unit of work is open here."""
    return _unit.get() is not None


@asynccontextmanager
async def transaction(*, place: Place | None = None, whole: bool = False) -> AsyncIterator[Unit]:
    """Join the open unit of work, or open one that ends with this block.

    A ``place`` is entered for as long as the unit holds a connection: again and again where it is
    set aside. One that is ``whole`` is not: all of it is done or nothing.
    """
    outer = _unit.get()
    if outer is not None:
        yield outer
        return
    unit = Unit(place or nullcontext(), whole=whole)
    await unit.open()
    try:
        yield unit
    except BaseException as error:
        await unit.close(error)
        raise
    else:
        await unit.close()


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Join the open unit of work, or open one; an error that leaves the block undoes the block.

    For whoever may be called in a unit that goes on after the error was caught.
    """
    async with transaction(), begin():
        yield


@asynccontextmanager
async def set_aside() -> AsyncIterator[None]:
    """Commit what is done so far and hold no connection while something slow runs.

    For hashing a password or asking another server: the pool and SQLite's one writer are free
    meanwhile. In a unit that is whole it changes nothing.
    """
    unit = _unit.get()
    if unit is None or unit.whole:
        yield
        return
    await unit.close()
    try:
        yield
    finally:
        await unit.open()


async def after_commit(callback: Afterwards) -> None:
    """Call this after COMMIT; at once where no transaction is open."""
    unit = _unit.get()
    if unit is None:
        await callback()
    else:
        unit.remember(callback)
