"""A round comes to everybody: no tenant, and no receiver that hangs, keeps it from the others."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from authgate.clock import utc_now
from authgate.plugin_manager import egress
from authgate.pretend.host import Answer, Host
from authgate.sealing.sealer import Sealer
from authgate.storage.deliveries import KEPT
from authgate.storage.sweep import due_webhooks
from authgate.storage.sweep.expiry import remove_expired
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.webhooks import collecting, delivering, pausing
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.hooks import Hook, go_round, happen
from authgate_testing.server import RunningServer


@pytest.fixture
async def foreign(
    server: RunningServer, globex: Tenant, foreign_api: ApiClient, host: Host
) -> Hook:
    """A webhook of globex."""
    return await Hook.made(server, globex, foreign_api, host, name="globex")


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """Of a receiver."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
async def hanging(tls: ssl.SSLContext) -> AsyncIterator[Host]:
    """What takes messages and says nothing."""

    async def nothing(reader: asyncio.StreamReader) -> bytes:
        await reader.read()
        return b""

    async with talking(nothing, tls) as host:
        yield host


@asynccontextmanager
async def talking(
    say: Callable[[asyncio.StreamReader], Awaitable[bytes]], tls: ssl.SSLContext
) -> AsyncIterator[Host]:
    """A server that answers when it likes."""
    talks: set[asyncio.Task[None] | None] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())
        try:
            writer.write(await say(reader))
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    yield Host(port, f"localhost:{port}", [], lambda _: Answer())
    server.close()
    for each in filter(None, talks):
        each.cancel()
    await asyncio.gather(*filter(None, talks), return_exceptions=True)
    await server.wait_closed()


async def test_tenants_in_whose_logs_there_is_always_something_get_their_turns(
    hook: Hook, foreign: Hook, acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_MOST_DUE", 1)
    server, database = hook.server, hook.server.parts.settings.database
    for _ in range(2):
        for each in (acme, globex):
            await happen(each, "ada")
        server.clock.advance(20)
        await go_round(server, acme, globex)
        assert await _lag(server) > timedelta(seconds=15), "of whom it was not the turn"
    assert {each.path for each in hook.host.asked} == {"/billing", "/globex"}
    await go_round(server, acme, globex)
    await go_round(server, acme, globex)
    assert await _lag(server) == timedelta()
    assert await due_webhooks.unread(database, now=server.clock(), most=9, limit=9) == []


@on_sqlite
async def test_for_one_that_has_no_room_no_log_is_looked_into(hook: Hook, acme: Tenant) -> None:
    hook.host.says(status=500)
    await happen(acme, "ada", "bert")
    await hook.round()
    await happen(acme, "carol")
    with use_tenant(acme):
        await Sealer(hook.server.parts).seal()
    database, now = hook.server.parts.settings.database, hook.server.clock()
    assert await due_webhooks.unread(database, now=now, most=3, limit=9) == [acme.id]
    assert await due_webhooks.unread(database, now=now, most=2, limit=9) == []


@on_sqlite
async def test_what_hangs_ends_with_its_round_and_keeps_nobody_elses_place(
    hanging: Host,
    foreign: Hook,
    api: ApiClient,
    acme: Tenant,
    globex: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = foreign.server
    monkeypatch.setattr(egress, "_WHOLE_SECONDS", 0.3)
    monkeypatch.setattr(delivering, "_SLOW_AT_ONCE", 5)
    for name in ("RUN", "VISIT"):
        monkeypatch.setattr(delivering, f"_{name}_SECONDS", 0.5)
    for number in range(6):
        await Hook.made(server, acme, api, hanging, name=f"n{number}", lifecycles=["user.created"])
    await happen(acme, "ada", "bert", "carol", "dora")
    await happen(globex, "gwen")
    began = time.monotonic()
    await go_round(server, acme, globex)
    assert time.monotonic() - began < 1.5
    assert "/globex" in {each.path for each in foreign.host.asked}


@on_postgres
async def test_four_requests_are_under_way_to_an_endpoint_at_once(
    server: RunningServer, acme: Tenant, api: ApiClient, tls: ssl.SSLContext
) -> None:
    four = asyncio.Barrier(4)

    async def when_four_ask(reader: asyncio.StreamReader) -> bytes:
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(3):
            await four.wait()
        return b"HTTP/1.1 204 Said\r\nconnection: close\r\n\r\n"

    async with talking(when_four_ask, tls) as host:
        hook = await Hook.made(server, acme, api, host, lifecycles=["user.created"])
        await happen(acme, "ada", "bert", "carol", "dora")
        await hook.round()
    assert [(each["status"], each["attempts"]) for each in await hook.deliveries()] == [
        ("delivered", 1)
    ] * 4


async def test_what_waits_for_one_that_is_left_alone_is_kept_until_it_is_resumed(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    hook.host.says(status=410)
    await happen(acme, "ada")
    await hook.round()
    assert (await hook.now()).paused_at is not None
    with use_tenant(acme):
        await WebhookDelivery.all().update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
        removed = await remove_expired(
            hook.server.parts.settings.database, batch=100, now=utc_now()
        )
        assert removed["webhook_deliveries"] == 0
        assert (await api.post(f"{hook.here}/resume")).status_code == 200
        [one] = await WebhookDelivery.all()
    assert one.expires_at > utc_now() + KEPT / 2


@on_sqlite
async def test_after_what_was_given_up_the_next_failure_is_the_first(
    hook: Hook, acme: Tenant
) -> None:
    hook.host.says(status=503)
    await happen(acme, "ada")
    await hook.round()
    for seconds in delivering.AGAIN_AFTER_SECONDS:
        await hook.round(after=seconds * 1.2 + 301)
    assert [each["status"] for each in await hook.deliveries()] == ["failed"]
    assert (await hook.now()).failures == 0
    await happen(acme, "bert")
    await hook.round(after=2 * pausing.AFTER.total_seconds())
    now = await hook.now()
    assert (now.failures, now.paused_at) == (1, None)
    hook.host.says(status=200)
    await hook.round(after=60)
    assert [each["status"] for each in await hook.deliveries("?status=delivered")] == ["delivered"]


@on_sqlite
async def test_what_is_kept_of_a_tenant_is_counted_once_in_a_round_that_adds_to_it(
    hook: Hook, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, trim = [], sendings.trim

    async def counting(*, most: int) -> int:
        counted.append(most)
        return await trim(most=most)

    monkeypatch.setattr(sendings, "trim", counting)
    monkeypatch.setattr(collecting, "_AT_ONCE", 1)
    await happen(acme, "ada", "bert", "carol")
    await hook.round()
    assert len(hook.host.asked) == 3
    assert len(counted) == 1
    await hook.round()
    assert len(counted) == 1


async def _lag(server: RunningServer) -> timedelta:
    database = server.parts.settings.database
    return await due_webhooks.lag(database, now=server.clock(), most=collecting.MOST_WAITING)
