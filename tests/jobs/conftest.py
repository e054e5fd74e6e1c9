"""Rows to remove, and handlers to run."""

import pytest

from authgate.clock import utc_now
from authgate.settings import DatabaseSettings
from authgate_testing.expired_rows import ExpiredRows, store_expired_rows


@pytest.fixture
async def expired_rows(database_settings: DatabaseSettings) -> ExpiredRows:
    """Rows that are over and rows that are not, of two tenants; on each kind of database."""
    return await store_expired_rows(database_settings, now=utc_now())
