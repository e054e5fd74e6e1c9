"""A program of somebody else's, which says in lines of JSON what it needs and how it went."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authgate_testing.application import decided, sent_on
from authgate_testing.device import decide
from authgate_testing.person import Person

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class _Conversation:
    """One run of a program."""

    process: Process

    async def hear(self) -> dict[str, Any]:
        """What it says next."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), _SECONDS)
        assert line, "The program has ended without saying why."
        said: dict[str, Any] = json.loads(line)
        return said

    async def say(self, what: object) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.process.stdin.drain()

    async def finish(self, person: Person | None = None) -> dict[str, Any]:
        """What it says in the end; whenever it wants a browser opened, or shows a code, the person
        allows it."""
        while {"open", "device"} & (said := await self.hear()).keys():
            assert person is not None
            if "device" in said:
                await decide(person, said["device"])
            else:
                await self.say(await _led_back(person, said["open"]))
        return said


async def outcome(
    *command: str | Path,
    given: Mapping[str, object],
    person: Person | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a program to its end, with a person who allows whatever it asks for."""
    async with _conversation(*command, given=given, environment=environment or {}) as talk:
        return await talk.finish(person)


@asynccontextmanager
async def _conversation(
    *command: str | Path, given: Mapping[str, object], environment: Mapping[str, str]
) -> AsyncIterator[_Conversation]:
    """Run a program, and tell it first what it is given."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=dict(environment), limit=1 << 20
    )
    talk = _Conversation(process)
    try:
        await talk.say(given)
        yield talk
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _led_back(person: Person, url: str) -> str:
    answer = await sent_on(person, url)
    if answer.status_code == 200:
        answer = await decided(person, "allow")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])
