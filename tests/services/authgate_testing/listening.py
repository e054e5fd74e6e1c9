"""The server of a test on a port of its own, for browsers that speak real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_testing.processes import LOOPBACK, free_port


def settings_for_browsers(database: DatabaseSettings, folder: Path) -> Settings:
    """Settings of a server that a browser finds at a port of its own."""
    return Settings(
        base_url=f"http://localhost:{free_port()}",
        database=database,
        keys=KeySettings(kek_file=folder / "kek"),
        log_level="error",
    )


@asynccontextmanager
async def listening(app: Callable[..., Awaitable[None]], base_url: str) -> AsyncIterator[None]:
    """Answer at this address until the block ends."""
    port = urlsplit(base_url).port
    assert port is not None
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
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
