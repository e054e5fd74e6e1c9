"""A server process that races another one: ``python -m authgate_testing.racer``.

Each line of its input is a request as JSON: ``url``, ``data`` and how many ``times`` to send it
at once. Each line of its output is the list of statuses.
"""

import asyncio
import json
import sys

import httpx2

from authgate.app import assembled
from authgate.clock import utc_now
from authgate.settings import Settings


async def race() -> None:
    """Answer lines until there are no more."""
    async with assembled(Settings(), clock=utc_now) as (app, _):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport) as http:
            _say("ready")
            while line := await asyncio.to_thread(sys.stdin.readline):
                asked = json.loads(line)
                answers = await asyncio.gather(
                    *(http.post(asked["url"], data=asked["data"]) for _ in range(asked["times"]))
                )
                _say(json.dumps([answer.status_code for answer in answers]))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(race())
