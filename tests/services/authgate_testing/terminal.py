"""An operator's terminal: command lines in processes of their own, beside the server under test."""

import asyncio
import os
import sys
from dataclasses import dataclass

from authgate.settings import Settings
from authgate_testing.command import Ended


@dataclass(frozen=True, slots=True)
class Terminal:
    """Runs commands on the installation that these settings name."""

    settings: Settings

    async def __call__(self, *words: str, stdin: str = "") -> Ended:
        """Run these words, and wait for their end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "authgate",
            *words,
            env=environment(self.settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which another process finds the same installation."""
    named = {
        "AUTHGATE_DATABASE__URL": settings.database.url.get_secret_value(),
        "AUTHGATE_KEYS__KEK_FILE": str(settings.keys.kek_file),
        "AUTHGATE_BASE_URL": settings.base_url,
        "AUTHGATE_LOG_LEVEL": "error",
    }
    if settings.redis_url is not None:
        named["AUTHGATE_REDIS_URL"] = settings.redis_url.get_secret_value()
    return os.environ | named
