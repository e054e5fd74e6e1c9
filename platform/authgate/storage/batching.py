"""Work of concurrent requests done together, each answered for itself.

While one batch is on its way the next one gathers, so batches form under load and a lone request
waits for nobody: there is no timer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Generic, TypeVar

from authgate.storage.database import StorageUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_LIMIT = 512
"""Items of one batch: beyond it a batch takes longer without costing less per item."""

QUEUE_LIMIT = 8192
"""Items that may wait; more means that the database is not keeping up (503)."""


class Batcher(Generic[Item, Result]):
    """Hands what waits to ``perform`` in batches, and each result to whoever asked.

    ``perform`` answers with one result or exception per item, in order. If it raises instead,
    every item of the batch gets that error.
    """

    def __init__(
        self, perform: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]]
    ) -> None:
        self._perform = perform
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Wait for this item's result. Raises ``StorageUnavailable`` when the queue is full."""
        if len(self._waiting) >= QUEUE_LIMIT:
            raise StorageUnavailable("Too much is waiting for the database.")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None:
            # An empty context: a batch belongs to no request, so it must not carry one's tenant.
            self._runner = asyncio.create_task(self._run(), context=Context())
        return await future

    async def close(self) -> None:
        """Finish what waits."""
        while self._runner is not None:
            with suppress(Exception):
                await asyncio.shield(self._runner)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:BATCH_LIMIT]
                del self._waiting[: len(batch)]
                await self._run_batch(batch)
        finally:
            self._runner = None

    async def _run_batch(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._perform([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  # handed to whoever waits for it
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue  # whoever asked has gone
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
