"""Who does what happens later: a worker or a beat, which can be killed and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from authgate_testing.nursery.program import MAY_BE_BORN
from authgate_testing.processes import Service

What = Literal["worker", "beat"]

_START_SECONDS = 5.0

_RUN: Mapping[What, str] = {
    "worker": "run_worker(Settings(), processes=1)",
    "beat": "run_beat(Settings())",
}


def have_celery_imported() -> None:
    """Have servers that start from now on find imported what they send jobs by."""
    program = f"{MAY_BE_BORN}import authgate_workers"
    subprocess.run([sys.executable, "-c", program], check=True)


class Hand:
    """``authgate worker`` or ``authgate beat``, with little patience."""

    def __init__(self, what: What, name: str, *, environment: Mapping[str, str], log: Path) -> None:
        self.what = what
        self.name = name
        self._environment = environment
        self._service = Service(self._command, answers=lambda _: True, log=log)

    def start(self) -> None:
        """Start it; it takes a moment until it does anything."""
        self._service.start()

    async def replace(self) -> None:
        """End it with all its processes, as a machine does that loses its power, and start another
        one: a worker that takes long to start takes its processor from what is measured next."""
        self.signal(signal.SIGKILL)
        await asyncio.to_thread(self._service.end, signal.SIGKILL)
        self.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while self.what == "worker" and not self.does_jobs():  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.02)

    def does_jobs(self) -> bool:
        """Whether a worker has a process that does its jobs."""
        return bool(self._children())

    def kill_process(self) -> None:
        """End the process that does a worker's jobs."""
        with suppress(ProcessLookupError):
            os.kill(self._children()[-1], signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send one to all its processes."""
        with suppress(ProcessLookupError):
            os.killpg(self._service.pid, number)

    def stop(self) -> None:
        """Have it go."""
        self._service.end(signal.SIGTERM)
        self.signal(signal.SIGKILL)

    def _children(self) -> list[int]:
        pid = self._service.pid
        try:
            return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        except FileNotFoundError:
            return []

    def _command(self, _port: int) -> list[str | Path]:
        assignments = [f"{name}={value}" for name, value in self._environment.items()]
        code = (
            f"{MAY_BE_BORN}import sys; from authgate.settings import Settings;"
            " from authgate_testing.faults import hurried;"
            " from authgate_workers.run import run_beat, run_worker;"
            f" hurried.hurry(); sys.exit({_RUN[self.what]})"
        )
        return ["/usr/bin/env", *assignments, sys.executable, "-c", code]
