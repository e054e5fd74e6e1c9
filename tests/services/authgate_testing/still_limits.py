"""Limits of what clients and people may do, counted while time stands still."""

from functools import partial

import pytest

from authgate import app
from authgate.storage.redis.rate_limits import MemoryRateLimiter


@pytest.fixture
def limits_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """In servers that start after this what was used up does not come back, however long it takes
    to use it up."""
    monkeypatch.setattr(app, "MemoryRateLimiter", partial(MemoryRateLimiter, clock=lambda: 1000.0))
