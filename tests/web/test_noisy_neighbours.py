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

from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_testing.caller import basic_header
from authgate_testing.live import live
from authgate_testing.terminal import Terminal

QUOTA = 20
"""Requests a second."""

ROUNDS, REQUESTS = 30, 100
"""Rounds at most: the first ones that are left alone by all else on this machine will do."""
NOTICEABLE = 1.5

Ask = Callable[[], Awaitable[int]]


@asynccontextmanager
async def _line(base_url: str, slug: str, client: dict[str, str]) -> AsyncIterator[Ask]:
    """A kept-alive connection that asks for tokens: as little of a client as can be."""
    address = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    name, value = basic_header(client["client_id"], client["client_secret"])
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
    async with live(postgres_settings_of_own, tmp_path) as site:
        settings = Settings(
            database=postgres_settings_of_own,
            keys=KeySettings(kek_file=tmp_path / "kek"),
            base_url=site.base_url,
        )
        terminal = Terminal(settings)
        lines = []
        for slug in ("noisy", "quiet"):
            rate = QUOTA if slug == "noisy" else 100_000
            quota = f"login_limits.token_per_client={rate}/s burst {rate}"
            assert (await terminal("tenant", "create", slug, "--setting", quota)).code == 0
            words = ("-t", slug, "--name", "M", "--grant", "client_credentials", "--scope", "read")
            made = await terminal("client", "create", *words, "-o", "json")
            lines.append(_line(site.base_url, slug, made.data))
        async with lines[0] as noisy, lines[1] as quiet:
            yield noisy, quiet


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
