"""What concurrent requests store, committed together: each is answered after its COMMIT."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Generic, Protocol, TypeVar

from authgate.storage import database
from authgate.storage.batches.batching import Batcher, Item, Result, Waiting
from authgate.telemetry import metrics

Written_contra = TypeVar("Written_contra", contravariant=True)
Told_co = TypeVar("Told_co", covariant=True)


class Writer(Protocol[Written_contra, Told_co]):
    """Writes what several requests have, in one transaction."""

    async def write(self, items: Sequence[Written_contra]) -> Sequence[Told_co]:
        """Commit all of it, or nothing; what each of the requests is told."""
        ...

    async def close(self) -> None: ...


class GroupCommit(Generic[Item, Result]):
    """Stores what concurrent requests have, together.

    What fails is done again request by request: one that asks for what cannot be stored fails
    alone. An outage fails all of them at once.
    """

    def __init__(
        self, writer: Writer[Item, Result], *, rows: Callable[[Item], int], seconds: float
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._batcher: Batcher[Item, Result] = Batcher(self._commit, seconds=seconds)
        self.submit = self._batcher.submit

    @property
    def waiting(self) -> int:
        """Requests that wait for the next transaction."""
        return self._batcher.waiting

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._batcher.close()
        await self._writer.close()

    async def _commit(self, batch: Sequence[Waiting[Item, Result]]) -> None:
        items = [waiting.item for waiting in batch]
        metrics.append_log_batch_rows.observe(sum(map(self._rows, items)))
        began = perf_counter()
        try:
            told = await self._writer.write(items)
            metrics.append_log_commit_seconds.observe(perf_counter() - began)
        except Exception as error:
            is_hopeless = database.is_outage(error) and not database.is_conflict(error)
            if len(batch) == 1 or is_hopeless:
                raise
            await self._commit_one_by_one(batch)
            return
        for waiting, result in zip(batch, told, strict=True):
            waiting.answer(result)

    async def _commit_one_by_one(self, batch: Sequence[Waiting[Item, Result]]) -> None:
        # One request's bad row must not fail its neighbours'.
        for waiting in batch:
            try:
                [result] = await self._writer.write([waiting.item])
                waiting.answer(result)
            except Exception as error:  # handed to whoever waits for it
                if database.is_outage(error):
                    raise
                waiting.fail(error)
