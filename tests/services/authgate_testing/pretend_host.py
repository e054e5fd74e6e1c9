"""An https server on this machine that says what a test wants it to say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from authgate.pretend.host import Answer, Asked, Host, Site, opened

__all__ = ["Answer", "Asked", "Host", "Site", "host"]


@pytest.fixture
async def host(certificate: tuple[Path, Path]) -> AsyncIterator[Host]:
    """A server that says ``{}`` to everything, until the test gives it a site."""
    async with opened(certificate) as running:
        yield running
