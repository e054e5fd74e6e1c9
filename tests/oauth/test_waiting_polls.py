"""A device that says how long it is willing to wait for its answer (RFC 7240, RFC 8628)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from authgate import provisioning
from authgate.provisioning.address_blocks import block_address
from authgate.settings import ServerSettings, Settings
from authgate.telemetry.exposition import exposition
from authgate.vocabulary import ClientStatus
from authgate.web.prefer import MOST_SECONDS, wait
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change, choose

AT_ONCE = 1.0


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Where there is little room, for one who waits in each tenant."""
    few = {"server": ServerSettings(connections=16)} if hasattr(request, "param") else {}
    return settings.model_copy(update=few)


async def waiting(device: Device, code: str, seconds: int = 20) -> httpx2.Response:
    """The answer to a poll of a device that would wait."""
    form = device.credentials() | {"grant_type": GRANT, "device_code": code}
    headers = {"Prefer": f"respond-async, Wait = {seconds}; foo"}
    url = f"{device.tenant.issuer}/oauth/token"
    return await device.http.post(url, data=form, headers=headers, timeout=30)


@asynccontextmanager
async def polled(device: Device, code: str) -> AsyncIterator[asyncio.Task[httpx2.Response]]:
    """A poll that waits; what the block does ends the waiting at once."""
    poll = asyncio.create_task(waiting(device, code))
    await asyncio.sleep(0.15)
    assert not poll.done()
    began = time.monotonic()
    yield poll
    await poll
    assert time.monotonic() - began < AT_ONCE + 1  # and somebody else's turn


def told(answer: httpx2.Response) -> tuple[int, str, str | None]:
    content = answer.json()
    said = content.get("error") or content["token_type"]
    return answer.status_code, said, answer.headers.get("preference-applied")


async def test_who_waits_is_given_the_token_as_soon_as_somebody_approves(
    device: Device, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    shown = await device.start()
    before = await ledger.granted(acme)
    async with polled(device, shown["device_code"]) as poll:
        await decide(person, shown)
    assert told(poll.result()) == (200, "Bearer", "wait")
    after = await ledger.granted(acme)
    assert after["acme", "tokens"] - before["acme", "tokens"] == 1
    assert told(await waiting(device, shown["device_code"])) == (400, "invalid_grant", None)


@on_sqlite
async def test_who_waits_is_told_at_once_that_somebody_has_denied(
    secretive_device: Device, person: Person
) -> None:
    shown = await secretive_device.start()
    async with polled(secretive_device, shown["device_code"]) as poll:
        await decide(person, shown, "deny")
    assert told(poll.result()) == (400, "access_denied", "wait")


@on_sqlite
async def test_dv_05_polls_that_wait_for_the_interval_may_follow_each_other_directly(
    server: RunningServer, acme: Tenant, device: Device
) -> None:
    await choose(server, acme, device_poll_interval=1)
    code = (await device.start())["device_code"]
    began = time.monotonic()
    for _ in range(2):
        assert told(await waiting(device, code, 1)) == (400, "authorization_pending", "wait")
    assert time.monotonic() - began > 1.9
    last = asyncio.create_task(waiting(device, code, 1))
    await asyncio.sleep(0.1)
    # To those that come beside it one that waits is a poll like any other.
    assert told(await device.poll(code)) == (400, "slow_down", None)
    assert told(await waiting(device, code, 1)) == (400, "slow_down", None)
    assert told(await last) == (400, "authorization_pending", "wait")


@on_sqlite
async def test_time_that_a_client_asked_to_wait_is_not_counted_as_ours(
    server: RunningServer, acme: Tenant, device: Device
) -> None:
    code = (await device.start())["device_code"]
    before = seconds_at_the_token_endpoint()
    await waiting(device, code, 1)
    assert seconds_at_the_token_endpoint() - before < 0.5


def seconds_at_the_token_endpoint() -> float:
    series = "authgate_http_request_duration_seconds_sum{"
    lines = exposition()[1].decode().splitlines()
    named = [each for each in lines if each.startswith(series) and '"/oauth/token"' in each]
    return sum(float(each.rpartition(" ")[2]) for each in named)


@on_sqlite
async def test_ti_33_who_waits_is_refused_at_once_when_the_tenant_or_the_client_is_not_served(
    server: RunningServer, acme: Tenant, device: Device, globex: Tenant, foreign_device: Device
) -> None:
    code, theirs = [(await each.start())["device_code"] for each in (device, foreign_device)]
    others = asyncio.create_task(waiting(foreign_device, theirs, 2))
    async with polled(device, code) as poll:
        await set_status(server, device, ClientStatus.INACTIVE)
    assert told(poll.result()) == (401, "invalid_client", "wait")
    await set_status(server, device, ClientStatus.ACTIVE)
    code = (await device.start())["device_code"]
    async with polled(device, code) as poll:
        await change(server, acme, status=TenantStatus.SUSPENDED)
    assert poll.result().status_code == 403
    assert told(await others) == (400, "authorization_pending", "wait"), "of another tenant"


@on_sqlite
async def test_ti_33_who_waits_proves_itself_anew_when_its_proof_or_its_place_counts_no_more(
    server: RunningServer, acme: Tenant, secretive_device: Device, person: Person, ledger: Ledger
) -> None:
    shown = await secretive_device.start()
    before = await ledger.granted(acme)
    async with polled(secretive_device, shown["device_code"]) as poll:
        with use_tenant(acme):
            client_id = secretive_device.client.client.client_id
            secret = await provisioning.rotate_client_secret(server.parts, client_id)
    assert told(poll.result()) == (400, "authorization_pending", "wait")
    assert told(await waiting(secretive_device, shown["device_code"], 1))[0] == 401
    fresh = replace(secretive_device.client, secret=secret)
    async with server.from_address("203.0.113.200") as http:
        there = replace(secretive_device, http=http, client=fresh)
        async with polled(there, shown["device_code"]) as poll:
            with use_tenant(acme):
                await block_address(server.parts, "203.0.113.0/24", reason="guesses")
        assert told(poll.result()) == (400, "authorization_pending", "wait")
        await decide(person, shown)
        assert (await waiting(there, shown["device_code"], 1)).status_code == 403
    after = await ledger.granted(acme)
    assert after["acme", "tokens"] == before["acme", "tokens"], "the code is not spent"


async def set_status(server: RunningServer, device: Device, status: ClientStatus) -> None:
    client_id = device.client.client.client_id
    with use_tenant(device.tenant):
        await provisioning.set_client_status(server.parts, client_id, status)


@on_sqlite
@pytest.mark.parametrize("settings", ["scarce"], indirect=True)
async def test_who_finds_no_room_to_wait_is_answered_like_those_who_have_not_asked(
    device: Device,
) -> None:
    code, other = [(await device.start())["device_code"] for _ in range(2)]
    first = asyncio.create_task(waiting(device, code, 1))
    await asyncio.sleep(0.15)
    assert told(await waiting(device, other)) == (400, "authorization_pending", None)
    assert told(await first) == (400, "authorization_pending", "wait")


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ([b"wait=10"], 10),
        ([b'return=minimal, wait="7";x=1'], 7),
        ([b"respond-async", b" WAIT = 5"], 5),
        ([b"wait=3, wait=9"], 3),
        ([b"wait=999999999"], MOST_SECONDS),
        ([b"wait=0"], None),
        ([b"wait=-1"], None),
        ([b"wait=1.5"], None),
        ([b"wait"], None),
        ([b"await=4"], None),
        ([b"wait=99999999999999999999"], None),
        ([b"\xff, wait=\xb2"], None),
        ([], None),
    ],
)
def test_how_long_a_client_would_wait_is_read_as_it_is_written(
    sent: list[bytes], seconds: int | None
) -> None:
    found = wait([(b"prefer", each) for each in sent], None)
    assert (found.seconds if found else None) == seconds
