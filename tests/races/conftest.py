"""Two server processes that race each other on one database."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from authgate.settings import Settings
from authgate_testing.doors import console  # noqa: F401 - a fixture
from authgate_testing.racer import Racers
from authgate_testing.server import RunningServer
from authgate_testing.terminal import environment

ROUNDS = 5
SERVICES = Path(__file__).parent.parent / "services"


@asynccontextmanager
async def _racing(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "authgate_testing.racer",
        env=environment(settings)
        | {
            "PYTHONPATH": str(SERVICES),
            "AUTHGATE_LIMITS__ENABLED": "false",  # every racer has to get through to the row
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
async def racers(settings: Settings, server: RunningServer) -> AsyncIterator[Racers]:
    """Two processes that serve the database of ``server``."""
    async with AsyncExitStack() as stack:
        yield await Racers.ready(
            [await stack.enter_async_context(_racing(settings)) for _ in range(2)]
        )


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a race is run."""
    times: int = request.config.getoption("--rounds")
    return ROUNDS * times
