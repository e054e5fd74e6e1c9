"""What an open page is told, and when it is told no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from authgate.live import News
from authgate.web import draining, event_stream

CHANGED = b"event: changed\ndata: .\n\n"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything a hundred times as quick."""
    for name in ("HEARTBEAT_SECONDS", "RIGHT_SECONDS", "LONGEST_SECONDS", "_PAUSE_SECONDS"):
        monkeypatch.setattr(event_stream, name, getattr(event_stream, name) / 100)


async def always() -> bool:
    return True


async def next_of(events: AsyncIterator[bytes]) -> bytes:
    async with asyncio.timeout(1):
        return await anext(events)


@pytest.fixture
def news() -> News:
    """Of something."""
    return News(look_again=None)


async def test_whoever_comes_is_told_at_once_and_then_of_news(news: News) -> None:
    async with aclosing(event_stream.events(news, always)) as events:
        assert await next_of(events) == b"retry: 2000\n\n"
        assert await next_of(events) == b"id: 1\n" + CHANGED
        news.wake()
        assert await next_of(events) == b"id: 2\n" + CHANGED


async def test_for_a_reader_who_does_not_read_nothing_is_kept(news: News) -> None:
    async with aclosing(event_stream.events(news, always)) as events:
        for _ in range(2):
            await next_of(events)
        for _ in range(10_000):
            news.wake()
        assert await next_of(events) == b"id: 2\n" + CHANGED
        assert await next_of(events) == b":\n\n", "all of it was one"


async def test_a_heartbeat_is_all_that_is_sent_while_there_is_nothing(
    news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "LONGEST_SECONDS", 1.5)
    said = [each async for each in event_stream.events(news, always)]
    assert set(said[2:]) == {b":\n\n"}
    assert 5 < len(said) < 16, "within fifteen seconds each, and in all no longer than that"


async def test_ti_33_whoever_may_no_longer_is_told_no_more(news: News) -> None:
    may = iter((True, False))

    async def looked() -> bool:
        news.wake()
        return next(may)

    said = [each async for each in event_stream.events(news, looked)]
    assert said[-1] == b"id: 2\n" + CHANGED, "what came while the right was gone is not told"


class ByTheClock(News):
    """News that come at these moments, by a clock that goes on where somebody waits."""

    def __init__(self, *moments: float) -> None:
        super().__init__(look_again=None)
        self.now = 0.0
        self._moments = [0.0, *moments]

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def come(self, within: float) -> bool:
        there_are = bool(self._moments) and self._moments[0] <= self.now + within
        self.now = max(self.now, self._moments.pop(0)) if there_are else self.now + within
        return there_are


async def test_ti_33_whenever_news_come_a_lost_right_is_used_no_longer_than_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    news = ByTheClock(1.9, 5.8, 6.9)
    monkeypatch.setattr(event_stream, "monotonic", lambda: news.now)
    monkeypatch.setattr(event_stream, "asyncio", news)

    async def lost() -> bool:
        return False

    told = [news.now async for _ in event_stream.events(news, lost)]
    assert told == [0.0, 0.0, 1.9]
    assert news.now < 5


async def test_a_process_that_leaves_tells_no_more(
    news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aclosing(event_stream.events(news, always)) as events:
        for _ in range(2):
            await next_of(events)
        monkeypatch.setattr(draining, "_told", True)
        news.wake()
        with pytest.raises(StopAsyncIteration):
            await next_of(events)
