"""A process that does the job of writing a tenant's file and stops half way, to be killed there:
``python -m … TENANT EXPORT``."""

import asyncio
import sys
import time
from uuid import UUID

from authgate import background, installation
from authgate.jobs import WriteExport
from authgate.portable import passphrase, requests
from authgate.settings import Settings
from authgate.storage.tenants import exports
from authgate_testing.lived import QUICK

_SECONDS = 60.0
_PIECES = 4


def _stop() -> None:
    time.sleep(_SECONDS)


async def _write(tenant_id: UUID, export_id: str) -> None:
    write, done = exports.write, 0

    async def stopping(*given: object, **named: object) -> None:
        nonlocal done
        if done == _PIECES:
            sys.stdout.write("half\n")
            sys.stdout.flush()
            _stop()
        await write(*given, **named)  # type: ignore[arg-type]
        done += 1

    exports.write = stopping
    async with installation.opened(Settings()) as parts:
        job = WriteExport(export_id)
        await background.performer(parts).perform(job, tenant_id=tenant_id)


if __name__ == "__main__":
    passphrase.PASSES, passphrase.MEMORY_KIB, passphrase.LANES = QUICK
    requests._PIECE = 3000
    asyncio.run(_write(UUID(sys.argv[1]), sys.argv[2]))
