"""Places for those who are told something beside each other: who is slow keeps none of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


@asynccontextmanager
async def place(places: asyncio.Semaphore, *, seconds: float) -> AsyncIterator[None]:
    """One of the places, until the block ends or, where that is earlier, for so long."""
    held = True

    def give_back() -> None:
        nonlocal held
        if held:
            held = False
            places.release()

    await places.acquire()
    timer = asyncio.get_running_loop().call_later(seconds, give_back)
    try:
        yield
    finally:
        timer.cancel()
        give_back()


def raise_first(ended: Sequence[BaseException | None]) -> None:
    """Raise what went wrong first, if anything did."""
    for fault in ended:
        if fault is not None:
            raise fault
