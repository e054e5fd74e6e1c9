"""A process that does the job of reading a tenant's file in and stops half way, to be killed
there: ``python -m … TENANT IMPORT``."""

import asyncio
import sys
import time
from typing import Any
from uuid import UUID

from authgate import background, installation, portable
from authgate.jobs import ReadImport
from authgate.operator import arrivals
from authgate.portable import passphrase
from authgate.settings import Settings
from authgate_testing.lived import QUICK

_SECONDS = 150.0


def _stop(_rows: int) -> None:
    sys.stdout.write("half\n")
    sys.stdout.flush()
    time.sleep(_SECONDS)


async def _read(tenant_id: UUID, import_id: str) -> None:
    def stopping(parts: Any, file: Any, wanted: Any, **named: Any) -> object:
        return portable.bring_in(parts, file, wanted, **(named | {"progress": _stop}))

    vars(arrivals)["bring_in"] = stopping
    async with installation.opened(Settings()) as parts:
        job = ReadImport(import_id)
        await background.performer(parts).perform(job, tenant_id=tenant_id)


if __name__ == "__main__":
    passphrase.PASSES, passphrase.MEMORY_KIB, passphrase.LANES = QUICK
    asyncio.run(_read(UUID(sys.argv[1]), sys.argv[2]))
