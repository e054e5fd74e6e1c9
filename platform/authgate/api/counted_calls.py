"""Calls that were done are counted, each once, before anybody is told."""

from collections.abc import Awaitable, Callable

import structlog

from authgate import storage
from authgate.web.machine import Reply

_log = structlog.get_logger(__name__)

Perform = Callable[[], Awaitable[Reply]]
Note = Callable[[], Awaitable[None]]
"""Stores that a call was done."""


async def change(perform: Perform, note: Note) -> Reply:
    """Do what changes something and count it in one transaction: what could not be counted is not
    done, and a secret that is told once is not lost for it."""
    async with storage.transaction():
        reply = await perform()
        await note()
    return reply


async def read(perform: Perform, note: Note) -> Reply:
    """Do what changes nothing. Whoever asked is answered, even if it could not be counted."""
    reply = await perform()
    try:
        await note()
    except Exception:  # noqa: BLE001  # whatever it is, the answer is there
        _log.exception("call not counted")
    return reply
