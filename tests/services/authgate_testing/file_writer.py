"""A process that does the job of writing a tenant's file and stops half way, to be killed there:
``python -m … TENANT EXPORT``."""

import asyncio
import sys
import time
from uuid import UUID

from authgate import background, installation
from authgate.exports import writing
from authgate.jobs import Job, WriteExport
from authgate.portable import passphrase
from authgate.settings import Settings
from authgate.storage import export_files
from authgate_testing.lived import QUICK

_SECONDS = 60.0
_PIECES = 4


def _stop() -> None:
    time.sleep(_SECONDS)


async def stopping_half_way(job: Job, *, tenant_id: UUID) -> None:
    """Do the job, up to where some pieces of a file are stored."""
    write, done = export_files.write, 0

    async def stopping(*given: object, **named: object) -> None:
        nonlocal done
        if done == _PIECES:
            sys.stdout.write("half\n")
            sys.stdout.flush()
            _stop()
        await write(*given, **named)  # type: ignore[arg-type]
        done += 1

    export_files.write = stopping
    async with installation.opened(Settings()) as parts:
        await background.performer(parts).perform(job, tenant_id=tenant_id)


if __name__ == "__main__":
    passphrase.PASSES, passphrase.MEMORY_KIB, passphrase.LANES = QUICK
    writing.PIECE = 3000
    asyncio.run(stopping_half_way(WriteExport(sys.argv[2]), tenant_id=UUID(sys.argv[1])))
