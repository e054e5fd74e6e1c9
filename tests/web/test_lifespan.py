"""What a server process tells its server about its start and its end (ASGI lifespan)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from authgate.web.edge import App
from authgate.web.exchange import Message, Receive, Scope, Send
from authgate.web.lifespan import Lifespan


async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("no request comes")


async def told(*, at_start: str = "", at_end: str = "") -> list[Message]:
    """What is said to a server that starts and stops the application."""

    @asynccontextmanager
    async def serving() -> AsyncIterator[App]:
        if at_start:
            raise OSError(at_start)
        yield nobody
        if at_end:
            raise OSError(at_end)

    orders: asyncio.Queue[Message] = asyncio.Queue()
    for kind in ("startup", "shutdown"):
        orders.put_nowait({"type": f"lifespan.{kind}"})
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    await Lifespan(serving)({"type": "lifespan"}, orders.get, send)
    return said


async def test_a_start_and_an_end_are_told() -> None:
    said = await told()
    assert [each["type"] for each in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_failure_to_start_is_told_as_one() -> None:
    assert await told(at_start="no database") == [
        {"type": "lifespan.startup.failed", "message": "no database"}
    ]


async def test_a_failure_to_stop_is_told_as_one() -> None:
    assert await told(at_end="not closed") == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.failed", "message": "not closed"},
    ]
