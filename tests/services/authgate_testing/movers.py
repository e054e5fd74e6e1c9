"""A process that reads a tenant in and stops half way, to be killed there:
``python -m … FILE PASSPHRASE``."""

import asyncio
import sys
import time
from pathlib import Path

from authgate import installation, portable
from authgate.audit import SYSTEM
from authgate.portable import Wanted, passphrase
from authgate.settings import Settings
from authgate_testing.lived import QUICK

_SECONDS = 60.0


def _stop(_rows: int) -> None:
    sys.stdout.write("half\n")
    sys.stdout.flush()
    time.sleep(_SECONDS)


async def _move(file: Path, words: str) -> None:
    async with installation.opened(Settings()) as parts:
        await portable.bring_in(parts, file, Wanted(words), actor=SYSTEM, progress=_stop)


if __name__ == "__main__":
    passphrase.PASSES, passphrase.MEMORY_KIB, passphrase.LANES = QUICK
    asyncio.run(_move(Path(sys.argv[1]), sys.argv[2]))
