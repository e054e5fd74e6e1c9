"""Who waits at real servers: two on one database, each of another kind."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx2
import pytest

from authgate import installation, provisioning
from authgate.accounts.passwords import Passwords
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.provisioning.address_blocks import block_address
from authgate.settings import KeySettings, Settings
from authgate.storage.people import users
from authgate.storage.sign_in import sessions
from authgate_tenants import TenantStatus, use_tenant
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
    settings: Settings
    """By which others open what both serve."""

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
            live = running.enter_context(host(settings, folder, variables))
            keys = KeySettings(kek_file=folders["hypercorn"] / "kek")
            shared_settings = live.settings.model_copy(update={"keys": keys})
            found[kind] = Server(live, folder, shared_settings)
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


# --- Pages that are told of news ------------------------------------------------------------------


class Stream:
    """What an open page is told."""

    def __init__(self, person: Person, url: str) -> None:
        self.status = 0
        self.headers = httpx2.Headers()
        self.said = ""
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._read(person.http, url))

    async def _read(self, http: httpx2.AsyncClient, url: str) -> None:
        headers = {"Accept": "text/event-stream"}
        async with http.stream("GET", url, headers=headers, timeout=30) as answer:
            self.status, self.headers = answer.status_code, answer.headers
            self._news.set()
            async for text in answer.aiter_text():
                self.said += text
                self._news.set()

    @property
    def events(self) -> int:
        """How often it was told so far."""
        return self.said.count("event: changed\n")

    async def answered(self) -> None:
        """Wait until the answer begins."""
        async with asyncio.timeout(10):
            await self._news.wait()

    async def told(self, times: int) -> None:
        """Wait until it was told so often."""
        async with asyncio.timeout(10):
            while self.events < times:
                self._news.clear()
                await self._news.wait()

    async def ended(self, within: float) -> float:
        """Wait until the server ends it; when that was."""
        async with asyncio.timeout(within):
            await self._task
        return time.monotonic()

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return not self._task.done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@asynccontextmanager
async def signed_in(issuer: str, username: str) -> AsyncIterator[Person]:
    async with httpx2.AsyncClient() as http:
        person = Person(http)
        page = await person.sign_in(issuer, username, PASSWORD)
        assert "/login" not in page.url.path
        yield person


@asynccontextmanager
async def changing(asked: Server) -> AsyncIterator[Installation]:
    """Who changes things beside the servers, as commands do."""
    async with installation.opened(asked.settings) as parts:
        yield parts


async def test_a_page_is_told_how_far_its_file_has_come_by_whichever_process_writes_it(
    asked: Server, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    person, elsewhere = mira
    issuer = asked.issuer(tenant)
    async with signed_in(issuer, "mira.halvorsen") as reader:
        await person.visit(f"{elsewhere}/admin/exports")
        async with Stream(reader, f"{issuer}/admin/exports/live") as stream:
            await stream.told(1)  # what may have changed since the page was made
            assert stream.headers["content-type"] == "text/event-stream"
            assert stream.headers["cache-control"] == "no-store"
            passphrase = f"{asked.host.base_url} is a long passphrase"
            page = await person.submit({"passphrase": passphrase}, to="/admin/exports")
            assert page.status_code == 200
            await stream.told(2)
            async with asyncio.timeout(20):
                while "data-live" in (page := await reader.visit(f"{issuer}/admin/exports")).text:
                    await stream.told(stream.events + 1)
            assert "Ready" in page.text


async def test_the_page_of_the_log_is_told_of_what_happens_at_another_process(
    asked: Server, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    issuer, elsewhere = asked.issuer(tenant), mira[1]
    async with signed_in(issuer, "mira.halvorsen") as reader:
        page = await reader.visit(f"{issuer}/admin/audit")
        [live] = re.findall(r'id="events" data-live="([^"]+)"', page.text)
        async with Stream(reader, f"{asked.host.base_url}{live}") as stream:
            await stream.told(1)
            await asyncio.sleep(1.2)  # somebody has looked at it once
            before = stream.events
            async with signed_in(elsewhere, "mira.halvorsen"):
                await stream.told(before + 1)


async def test_the_page_of_a_device_is_told_once_it_has_its_token(
    device: httpx2.AsyncClient, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    person, issuer = mira
    shown = await begun(device, tenant)
    await compared(mira, shown)
    await approve(mira)
    assert person.page is not None
    [live] = re.findall(r'data-live="([^"]+)"', person.page.text)
    [here] = re.findall(r'data-live-from="([^"]+)"', person.page.text)
    async with Stream(person, f"{issuer}{live.partition('/t/northwind')[2]}") as stream:
        await stream.told(1)
        assert (await polled(device, tenant, shown)).status_code == 200
        await stream.told(2)
    page = await person.visit(f"{issuer}{here.partition('/t/northwind')[2]}")
    assert "Your device is signed in" in page.text
    assert "data-live" not in page.text
    async with signed_in(issuer, "mira.halvorsen") as elsewhere:
        assert (await elsewhere.visit(str(page.url))).status_code == 200, "it is hers"


async def test_ti_33_a_stream_ends_within_five_seconds_of_the_right_to_it(
    asked: Server, servers: dict[str, Server], tenant: LiveServer
) -> None:
    slug = f"over-{uuid4().hex[:8]}"
    async with changing(asked) as parts, AsyncExitStack() as open_pages:
        other, shut = [
            await provisioning.add_tenant(parts, slug=each, name="Over")
            for each in (slug, f"{slug}-shut")
        ]
        found = await parts.resolver.find("northwind")
        assert found is not None
        hashed = await password_hash()
        people = {}
        streams = {}
        for home, name in (
            (found, f"lee-{slug}"),
            (found, f"max-{slug}"),
            (other, "ida"),
            (shut, "eva"),
        ):
            with use_tenant(home):
                people[name] = await users.create(
                    username=name, password_hash=hashed, role=UserRole.ADMIN
                )
            issuer = f"{asked.host.base_url}/t/{home.slug}"
            person = await open_pages.enter_async_context(signed_in(issuer, name))
            stream = Stream(person, f"{issuer}/admin/exports/live")
            streams[name] = await open_pages.enter_async_context(stream)
        issuer = asked.issuer(tenant)
        mira = await open_pages.enter_async_context(signed_in(issuer, "mira.halvorsen"))
        stays = Stream(mira, f"{issuer}/admin/exports/live")
        await open_pages.enter_async_context(stays)
        for each in (*streams.values(), stays):
            await each.told(1)
        lee, max_ = (people[f"{name}-{slug}"] for name in ("lee", "max"))
        began = time.monotonic()
        with use_tenant(found):
            await sessions.end_all(lee.id, now=parts.clock())
            await provisioning.change_role(max_.id, UserRole.USER)
        with use_tenant(shut):
            await block_address(parts, "127.0.0.0/8", reason="guesses")
        await provisioning.set_tenant_status(parts, other, TenantStatus.SUSPENDED)
        ended = [await each.ended(8) - began for each in streams.values()]
        assert max(ended) < 5
        assert stays.goes_on
        assert stays.events == 1, "of the others nothing was told"


async def password_hash() -> str:
    passwords = Passwords()
    try:
        return await passwords.hash(PASSWORD)
    finally:
        passwords.close()


async def test_so_many_pages_of_one_person_are_told_and_no_more(
    asked: Server, tenant: LiveServer
) -> None:
    issuer = asked.issuer(tenant)
    async with signed_in(issuer, "mira.halvorsen") as person:
        url = f"{issuer}/admin/exports/live"
        plain = await person.http.get(url)
        assert (plain.status_code, plain.text) == (204, ""), "it is for pages that are open"
        async with AsyncExitStack() as open_pages:
            for _ in range(8):
                await (await open_pages.enter_async_context(Stream(person, url))).told(1)
            asks = {"Accept": "text/event-stream"}
            refused = await person.http.get(url, headers=asks)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        async with asyncio.timeout(5):
            while await is_refused(person, url):
                """Until the server knows that they have left."""


async def is_refused(person: Person, url: str) -> bool:
    async with Stream(person, url) as stream:
        await stream.answered()
        return stream.status == 429


# --- How it ends ---------------------------------------------------------------------------------


async def test_a_process_that_leaves_lets_nobody_wait_and_the_next_takes_up_where_it_was(
    asked: Server, device: httpx2.AsyncClient, mira: tuple[Person, str], tenant: LiveServer
) -> None:
    shown = await begun(device, tenant)
    await compared(mira, shown)
    poll = asyncio.create_task(polled(device, tenant, shown, seconds=20))
    issuer = asked.issuer(tenant)
    async with (
        signed_in(issuer, "mira.halvorsen") as person,
        Stream(person, f"{issuer}/admin/exports/live") as stream,
    ):
        await stream.told(1)
        began = time.monotonic()
        os.kill(asked.worker, signal.SIGTERM)
        answer = await poll
        assert await stream.ended(10) - began < AT_ONCE + 2
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
