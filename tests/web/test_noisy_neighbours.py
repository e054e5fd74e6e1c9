"""A tenant that asks far too much is told so, and its neighbours hardly notice."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pytest

from authgate import installation, provisioning
from authgate.installation import Installation
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import TenantSettings, use_tenant
from authgate_testing.caller import basic_header
from authgate_testing.live import host

QUOTA = 20
"""Requests a second."""

ROUNDS, REQUESTS = 30, 100
"""Rounds at most: the first ones that are left alone by all else on this machine will do."""
NOTICEABLE = 1.5

Ask = Callable[[], Awaitable[int]]


@asynccontextmanager
async def _line(base_url: str, slug: str, machine: NewClient) -> AsyncIterator[Ask]:
    """A kept-alive connection that asks for tokens: as little of a client as can be."""
    address = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    assert machine.secret is not None
    name, value = basic_header(machine.client.client_id, machine.secret)
    body = b"grant_type=client_credentials"
    head = (
        f"POST /t/{slug}/oauth/token HTTP/1.1\r\nHost: {address.netloc}\r\n{name}: {value}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    async def ask() -> int:
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        return int(answer.split()[1])

    try:
        yield ask
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def neighbours(
    postgres_settings_of_own: DatabaseSettings, tmp_path: Path
) -> AsyncIterator[tuple[Ask, Ask]]:
    """Two tenants of one server process: one with a small quota, one that is quiet."""
    with host(postgres_settings_of_own, tmp_path, {}) as site:
        async with installation.opened(site.settings) as parts:
            noisy = await _machine(parts, "noisy", a_second=QUOTA)
            quiet = await _machine(parts, "quiet", a_second=100_000)
        async with (
            _line(site.base_url, "noisy", noisy) as noisy_line,
            _line(site.base_url, "quiet", quiet) as quiet_line,
        ):
            yield noisy_line, quiet_line


async def _machine(parts: Installation, slug: str, *, a_second: int) -> NewClient:
    """A tenant's client that may ask so often."""
    quota = {"token_per_client": f"{a_second}/s burst {a_second}"}
    tenant = await provisioning.add_tenant(
        parts, slug=slug, name=slug, settings=TenantSettings(login_limits=quota)
    )
    with use_tenant(tenant):
        return await provisioning.add_client(
            parts, ClientDraft(name="M", grant_types=["client_credentials"], scopes=["read"])
        )


async def _usual(ask: Ask) -> float:
    """How long a request usually takes: half of a hundred take no longer."""
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        assert await ask() == 200
        taken.append(time.perf_counter() - began)
    return median(taken)


async def _ask_too_much(ask: Ask, answers: Counter[int], enough: asyncio.Event) -> None:
    """Ten times the quota, evenly."""
    due = time.monotonic()
    while not enough.is_set():
        answers[await ask()] += 1
        due += 1 / (10 * QUOTA)
        await asyncio.sleep(max(0, due - time.monotonic()))


async def test_ti_31_ten_times_its_quota_slows_a_tenant_down_and_nobody_else(
    neighbours: tuple[Ask, Ask],
) -> None:
    noisy, quiet = neighbours
    answers: Counter[int] = Counter()
    alone: list[float] = []
    beside: list[float] = []
    await _usual(quiet)
    while len(alone) < ROUNDS:
        alone.append(await _usual(quiet))
        enough = asyncio.Event()
        flood = asyncio.create_task(_ask_too_much(noisy, answers, enough))
        beside.append(await _usual(quiet))
        enough.set()
        await flood
        # The best of several: what else this machine does is no part of it.
        if min(beside) <= NOTICEABLE * min(alone) and answers[429] > answers[200]:
            break
    assert set(answers) == {200, 429}
    assert answers[429] > answers[200]
    assert min(beside) <= NOTICEABLE * min(alone), (alone, beside, answers)
