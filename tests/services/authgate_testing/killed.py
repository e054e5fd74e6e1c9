"""Another process that is killed in the middle of what it does."""

import asyncio
import sys
from pathlib import Path

from authgate.settings import Settings
from authgate_testing.terminal import environment

_SERVICES = Path(__file__).parents[1]
_SECONDS = 150.0


async def killed_half_way(
    settings: Settings, module: str, *arguments: str, operator_tenant: str = ""
) -> None:
    """Run a module of the tests' own, and kill it as soon as it says that half is done."""
    more = {"PYTHONPATH": str(_SERVICES)}
    if operator_tenant:
        more["AUTHGATE_OPERATOR_TENANT"] = operator_tenant
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"authgate_testing.{module}", *arguments),
        env=environment(settings) | more,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    told = []  # its log
    try:
        async with asyncio.timeout(_SECONDS):
            while (said := await process.stdout.readline()) != b"half\n":
                told.append(said)
                assert said, told
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
