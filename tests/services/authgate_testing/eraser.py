"""A process that erases tenants as they come due, until it is killed: ``python -m``."""

import asyncio
import time

from authgate import installation, provisioning
from authgate.settings import Settings

_SECONDS = 60.0


async def _erase() -> None:
    end = time.monotonic() + _SECONDS
    async with installation.opened(Settings()) as parts:
        while time.monotonic() < end:
            await provisioning.erase_due_tenants(parts)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(_erase())
