"""A server process that races another one: ``python -m authgate_testing.racer``.

Each line of its input is a request as JSON: ``url``, ``data`` and how many ``times`` to send it at
once; ``document`` instead of ``data`` is sent as JSON, by another ``method`` if that is named; with
``form`` each of them is sent from a browser of its own that has opened that page. A list of
requests is sent at once. Each line of its output is the list of statuses.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Self

import httpx2

from authgate.app import assembled
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate_testing.person import Person


@dataclass(frozen=True, slots=True)
class Racers:
    """Such processes, as a test sees them."""

    processes: Sequence[asyncio.subprocess.Process]

    @classmethod
    async def ready(cls, processes: Sequence[asyncio.subprocess.Process]) -> Self:
        """Once all of them serve."""
        # A machine that has much else to do takes its time to start them.
        said = [await _line(each, within=180) for each in processes]
        assert said == [b"ready\n"] * len(processes)
        return cls(processes)

    async def race(self, *requests: dict[str, Any]) -> Counter[int]:
        """The statuses of a request that each of them sends as often as it says; of several, each
        sends one."""
        for process, request in zip(self.processes, cycle(requests), strict=False):
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
        lines = await asyncio.gather(*map(_line, self.processes))
        return Counter(status for line in lines for status in json.loads(line))


async def _line(process: asyncio.subprocess.Process, *, within: float = 60) -> bytes:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), within)
    assert line, "the racer has ended"
    return line


async def race() -> None:
    """Answer lines until there are no more."""
    async with assembled(Settings(), clock=utc_now) as (app, _):
        transport = httpx2.ASGITransport(app)
        _say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            told = await asyncio.gather(*(_sent(transport, each) for each in _each(line)))
            _say(json.dumps([answer.status_code for answers in told for answer in answers]))


def _each(line: str) -> list[dict[str, Any]]:
    asked = json.loads(line)
    return asked if isinstance(asked, list) else [asked]


async def _sent(transport: httpx2.ASGITransport, asked: dict[str, Any]) -> list[httpx2.Response]:
    send = _from_browsers if asked.get("form") else _from_a_program
    return await send(transport, asked)


async def _from_a_program(
    transport: httpx2.ASGITransport, asked: dict[str, Any]
) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(transport=transport) as http:
        sent = {"json": asked["document"]} if "document" in asked else {"data": asked["data"]}
        return await asyncio.gather(
            *(
                http.request(
                    asked.get("method", "POST"),
                    asked["url"],
                    headers=asked.get("headers", {}),
                    **sent,
                )
                for _ in range(asked["times"])
            )
        )


async def _from_browsers(
    transport: httpx2.ASGITransport, asked: dict[str, Any]
) -> list[httpx2.Response]:
    people = [Person(httpx2.AsyncClient(transport=transport)) for _ in range(asked["times"])]
    for person in people:
        await person.visit(asked["url"])
    return await asyncio.gather(
        *(person.submit(asked["data"], to=asked["form"], follow=False) for person in people)
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(race())
