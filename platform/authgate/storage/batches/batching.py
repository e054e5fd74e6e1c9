"""Work of concurrent requests done together, each answered for itself.

While one batch is on its way the next one gathers, so batches form under load and a lone request
waits for nobody. The one timer is for those whose answer does not come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from copy import copy
from typing import Generic, TypeVar

from authgate.storage.database import StorageUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_LIMIT = 512
"""Items of one batch: beyond it a batch takes longer without costing less per item."""

QUEUE_LIMIT = 8192
"""Items that may wait; more means that the database is not keeping up (503)."""


_TOO_LONG = "The database takes too long."


class Waiting(Generic[Item, Result]):
    """An item, and the request that waits for its result."""

    __slots__ = ("_future", "due", "item")

    def __init__(self, item: Item, future: asyncio.Future[Result], due: float) -> None:
        self.item = item
        self.due = due
        """When the answer is of no use any more, by the loop's clock."""
        self._future = future

    @property
    def is_over(self) -> bool:
        """Answered, or whoever asked has gone."""
        return self._future.done()

    def answer(self, result: Result) -> None:
        """Hand over the result."""
        if not self._future.done():
            self._future.set_result(result)

    def fail(self, error: Exception) -> None:
        """Hand over an error."""
        if not self._future.done():
            self._future.set_exception(_own(error))


def _own(error: Exception) -> Exception:
    # Each task that raises an error adds to its traceback: one for all would grow by every one.
    try:
        own = copy(error)
    except Exception:  # noqa: BLE001  # a foreign class that cannot be copied is shared
        return error
    own.__cause__ = error
    return own


class Batcher(Generic[Item, Result]):
    """Hands what waits to ``perform`` in batches, which answers each item as it gets there.

    What ``perform`` leaves unanswered because it raised gets that error. Nobody waits longer than
    ``seconds``, their place in the queue included.
    """

    def __init__(
        self,
        perform: Callable[[Sequence[Waiting[Item, Result]]], Awaitable[None]],
        *,
        seconds: float,
    ) -> None:
        self._perform = perform
        self._seconds = seconds
        self._waiting: list[Waiting[Item, Result]] = []
        self._under_way: Sequence[Waiting[Item, Result]] = ()
        self._runner: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Items that wait for the next batch."""
        return len(self._waiting)

    async def submit(self, item: Item) -> Result:
        """Wait for this item's result. Raises ``StorageUnavailable`` when that takes too long."""
        if len(self._waiting) >= QUEUE_LIMIT:
            raise StorageUnavailable("Too much is waiting for the database.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        due = loop.time() + self._seconds
        self._waiting.append(Waiting(item, future, due))
        if self._timer is None:
            # One timer for all of them: one each would cost more than the rest of this function.
            self._timer = loop.call_at(due, self._give_up_on_late_ones)
        if self._runner is None:
            # An empty context: a batch belongs to no request, so it must not carry one's tenant.
            self._runner = asyncio.create_task(self._run(), context=Context())
        return await future

    async def close(self) -> None:
        """Finish what waits."""
        while self._runner is not None:
            with suppress(Exception):
                await asyncio.shield(self._runner)
        if self._timer is not None:
            self._timer.cancel()

    def _give_up_on_late_ones(self) -> None:
        loop = asyncio.get_running_loop()
        now, self._timer = loop.time(), None
        for waiting in (*self._under_way, *self._waiting):
            if waiting.is_over:
                continue
            if waiting.due > now:  # and so is everybody's after this one
                self._timer = loop.call_at(waiting.due, self._give_up_on_late_ones)
                return
            waiting.fail(StorageUnavailable(_TOO_LONG))

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
                if batch := [waiting for waiting in batch if not waiting.is_over]:
                    await self._run_batch(batch)
        finally:
            self._runner = None

    async def _run_batch(self, batch: Sequence[Waiting[Item, Result]]) -> None:
        self._under_way = batch
        try:
            await self._perform(batch)
        except Exception as error:  # noqa: BLE001  # handed to whoever waits for it
            for waiting in batch:
                waiting.fail(error)
        finally:
            self._under_way = ()
