"""The server of a test on a port of its own, for browsers that speak real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from authgate_testing.processes import LOOPBACK


@asynccontextmanager
async def listening(app: Callable[..., Awaitable[None]], port: int) -> AsyncIterator[None]:
    """Answer on this port until the block ends."""
    config = Config()
    config.bind = [f"{LOOPBACK}:{port}"]
    config.errorlog = None
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(cast(ASGIFramework, app), config, shutdown_trigger=stop.wait)
    )
    try:
        await _answers(port)
        yield
    finally:
        stop.set()
        await serving


async def _answers(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
