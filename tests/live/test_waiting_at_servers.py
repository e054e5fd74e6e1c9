"""Devices that wait at real servers: two on one database, each of another kind."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from authgate_testing import PostgresServer
from authgate_testing.databases import postgres_settings
from authgate_testing.live import DEVICE_GRANT, PASSWORD, Host, LiveServer, host
from authgate_testing.person import Person

AT_ONCE = 1.0
KINDS = ("hypercorn", "uvicorn")


@dataclass(frozen=True, slots=True)
class Server:
    """One of two."""

    host: Host
    folder: Path

    @property
    def worker(self) -> int:
        """Its process that answers."""
        log = (self.folder / "server.log").read_text()
        return int(re.findall(r"worker (\d+) is ready", log)[-1])

    def issuer(self, tenant: LiveServer) -> str:
        """Of the tenant, at this server."""
        return f"{self.host.base_url}{tenant.issuer.removeprefix(tenant.base_url)}"


@pytest.fixture(scope="module")
def servers(
    postgres: PostgresServer, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """Two processes that know of each other by their database alone."""
    name = f"authgate_{uuid4().hex}"
    postgres.create_database(name, template=postgres_template)
    settings = postgres_settings(postgres, name)
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    shared = {"AUTHGATE_KEYS__KEK_FILE": str(folders["hypercorn"] / "kek")}
    with ExitStack() as running:
        found = {}
        for kind, folder in folders.items():
            variables = shared | {"AUTHGATE_SERVER__KIND": kind}
            found[kind] = Server(running.enter_context(host(settings, folder, variables)), folder)
        yield found
    postgres.drop_database(name)


@pytest.fixture(scope="module")
async def tenant(servers: dict[str, Server]) -> LiveServer:
    """Where Mira lives."""
    return await servers["hypercorn"].host.tenant()


@pytest.fixture(params=KINDS)
def asked(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    """The server that the device asks."""
    return servers[request.param]


@pytest.fixture
async def device(asked: Server, tenant: LiveServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A device somewhere."""
    async with httpx2.AsyncClient(base_url=asked.issuer(tenant), timeout=40) as http:
        yield http


@pytest.fixture
async def mira(
    asked: Server, servers: dict[str, Server], tenant: LiveServer
) -> AsyncIterator[tuple[Person, str]]:
    """Somebody signed in at the other server."""
    [other] = [each for each in servers.values() if each is not asked]
    async with httpx2.AsyncClient() as http:
        person, issuer = Person(http), other.issuer(tenant)
        await person.sign_in(issuer, "mira.halvorsen", PASSWORD)
        yield person, issuer


async def begun(device: httpx2.AsyncClient, tenant: LiveServer) -> dict[str, str]:
    form = {"client_id": tenant.client_id, "scope": "read"}
    shown: dict[str, str] = (await device.post("oauth/device/code", data=form)).json()
    return shown


async def polled(
    device: httpx2.AsyncClient, tenant: LiveServer, shown: dict[str, str], *, seconds: int = 0
) -> httpx2.Response:
    form = {
        "grant_type": DEVICE_GRANT,
        "client_id": tenant.client_id,
        "device_code": shown["device_code"],
    }
    headers = {"Prefer": f"wait={seconds}"} if seconds else {}
    return await device.post("oauth/token", data=form, headers=headers)


async def compared(mira: tuple[Person, str], shown: dict[str, str]) -> None:
    person, issuer = mira
    await person.visit(f"{issuer}/device")
    await person.submit({"user_code": shown["user_code"]}, to="/device")


async def approve(mira: tuple[Person, str]) -> float:
    began = time.monotonic()
    done = await mira[0].submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert done.status_code == 200, done.text
    return began


async def test_from_approve_at_one_process_to_the_token_at_another_it_is_less_than_a_second(
    device: httpx2.AsyncClient, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    took = []
    for _ in range(3):  # the fastest: the machine has other things to do
        shown = await begun(device, tenant)
        await compared(mira, shown)
        poll = asyncio.create_task(polled(device, tenant, shown, seconds=20))
        await asyncio.sleep(0.2)
        began = await approve(mira)
        answer = await poll
        took.append(time.monotonic() - began)
        assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait")
    assert min(took) < AT_ONCE


async def test_for_a_device_that_has_left_no_code_is_spent(
    device: httpx2.AsyncClient, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    shown = await begun(device, tenant)
    await compared(mira, shown)
    poll = asyncio.create_task(polled(device, tenant, shown, seconds=20))
    await asyncio.sleep(0.2)
    poll.cancel()
    await asyncio.wait([poll])
    await asyncio.sleep(0.1)
    await approve(mira)
    answer = await polled(device, tenant, shown)
    assert answer.status_code == 200, answer.text


async def test_a_process_that_leaves_lets_nobody_wait_and_the_next_takes_up_where_it_was(
    asked: Server, device: httpx2.AsyncClient, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    shown = await begun(device, tenant)
    await compared(mira, shown)
    poll = asyncio.create_task(polled(device, tenant, shown, seconds=20))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    os.kill(asked.worker, signal.SIGTERM)
    answer = await poll
    assert time.monotonic() - began < AT_ONCE + 1
    assert answer.json() == {"error": "authorization_pending"}
    assert answer.headers["preference-applied"] == "wait"
    poll = asyncio.create_task(asked_again(device, tenant, shown))
    await asyncio.sleep(0.2)
    await approve(mira)
    assert (await poll).status_code == 200


async def asked_again(
    device: httpx2.AsyncClient, tenant: LiveServer, shown: dict[str, str]
) -> httpx2.Response:
    """At once, until somebody takes the connection."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await polled(device, tenant, shown, seconds=20)
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
