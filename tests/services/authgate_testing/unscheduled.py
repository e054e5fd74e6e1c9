"""Servers that do nothing by the clock, for tests that do all rounds themselves: what a server does
beside one would be taken for its doing, or keep it from doing it."""

import pytest

from authgate.background import queues


@pytest.fixture
def nothing_scheduled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have servers that start during this test begin no periodic job."""
    monkeypatch.setattr(queues, "schedule", lambda _settings: ())
