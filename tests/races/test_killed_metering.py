"""Servers that are killed while they serve and add up: whatever they acknowledged counts, once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import httpx2
import pytest

from authgate.settings import Settings
from authgate.storage.issued.tokens import Token
from authgate.storage.metering import roll_up
from authgate.storage.metering.usage_days import ALL_CLIENTS, Measure
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client
from authgate_testing.databases import on_postgres
from authgate_testing.faults.host import Host
from authgate_testing.server import BASE_URL, RunningServer
from authgate_testing.terminal import environment

pytestmark = on_postgres

KILLS = 2
BETWEEN = 60
"""Answers from one kill to the next."""


@pytest.fixture
async def host(settings: Settings, tmp_path: Path) -> AsyncIterator[Host]:
    """A supervisor and its worker, which share the database of ``server``."""
    named = environment(settings) | {
        "AUTHGATE_LOG_LEVEL": "info",
        "AUTHGATE_LIMITS__ENABLED": "false",
    }
    host = Host("one", kind="uvicorn", workers=1, environment=named, log=tmp_path / "log")
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


@dataclass
class Told:
    """What was answered with success, and what was asked and never answered, by what it was."""

    done: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    async def ask(self, what: str, asking: Awaitable[httpx2.Response]) -> bool:
        """Whether it was acknowledged."""
        try:
            answer = await asking
        except httpx2.TransportError:
            self.unknown[what] += 1
            await asyncio.sleep(0.02)
            return False
        # One that goes down refuses; with a key, who was killed with it is waited for as well.
        if answer.status_code in (409, 502, 503):
            self.unknown[what] += 1
            await asyncio.sleep(0.02)
            return False
        assert answer.status_code in (200, 201), answer.text
        self.done[what] += 1
        return True


async def test_whoever_is_killed_has_counted_what_was_acknowledged_and_nothing_twice(
    server: RunningServer, acme: Tenant, host: Host
) -> None:
    scopes = ("authgate:scopes:read", "authgate:scopes:write", "authgate:usage:read")
    reader, writer = [await api_client(server, acme, *scopes) for _ in range(2)]
    told = Told()
    told.done["token"] += 2
    async with AsyncExitStack() as stack:
        named = {"Host": BASE_URL.removeprefix("http://")}
        lines = [
            await stack.enter_async_context(httpx2.AsyncClient(headers=named)) for _ in range(4)
        ]
        there = replace(acme, issuer=f"{host.url}{acme.prefix}")
        reading, looking = (replace(reader, http=each, tenant=there) for each in lines[:2])
        writing = replace(writer, http=lines[2], tenant=there)
        asking = [
            _again(lambda: told.ask("read", reading.get("/scopes"))),
            _again(lambda: told.ask("read", looking.get("/usage/days"))),  # adds up
            _again(lambda: told.ask("token", _token(lines[3], there, reader))),
            _written(told, writing),
        ]
        tasks = [asyncio.create_task(each) for each in asking]
        try:
            async with asyncio.timeout(60):
                for kill in range(1, KILLS + 1):
                    await _until(tasks, lambda: told.done.total() > BETWEEN * kill)  # noqa: B023
                    host.kill_worker()
                await _until(tasks, lambda: told.done.total() > BETWEEN * (KILLS + 1))
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    await host.stop()  # what was on its way is done now
    assert told.unknown.total(), "the kills were in the midst of it"
    with use_tenant(acme):
        stored = await Token.all().count()
        calls = {
            name: await _counted(server, Measure.API_CALLS, name)
            for name in map(_name, (reader, writer))
        }
        tokens = await _counted(server, Measure.TOKENS, ALL_CLIENTS)
    read, written = calls.values()
    assert told.done["read"] <= read <= told.done["read"] + told.unknown["read"]
    assert told.done["written"] <= written <= told.done["written"] + 1, "each key once"
    assert tokens == stored
    assert told.done["token"] <= tokens <= told.done["token"] + told.unknown["token"]


async def _again(ask: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await ask()


async def _written(told: Told, api: ApiClient) -> None:
    """Scopes with a name and a key each, sent again until they are acknowledged."""
    number = 0
    while True:
        number += 1
        said = {"name": f"orders:{number}", "title": "see orders"}
        # Not counted as unknown: what is sent again with its key is one and the same.
        heard, key = Told(), str(number)
        while not await heard.ask("written", api.post("/scopes", said, idempotency_key=key)):
            pass
        told.done["written"] += 1


def _name(api: ApiClient) -> str:
    assert api.client is not None
    return api.client.client.client_id


async def _token(http: httpx2.AsyncClient, tenant: Tenant, api: ApiClient) -> httpx2.Response:
    assert api.client is not None
    return await http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(api.client.client.client_id, str(api.client.secret)),
    )


async def _until(tasks: list[asyncio.Task[None]], holds: Callable[[], bool]) -> None:
    while not holds():
        for each in tasks:
            if each.done():
                each.result()
        await asyncio.sleep(0.005)


async def _counted(server: RunningServer, measure: Measure, client_id: str) -> int:
    now = server.clock()
    used = await roll_up.by_day({measure}, since=date(2020, 1, 1), client_id=client_id, now=now)
    return sum(each.total for each in used.of(measure).counts)
