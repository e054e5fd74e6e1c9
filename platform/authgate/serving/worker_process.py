"""A worker as its supervisor sees it: a process that becomes ready, and one day ends."""

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Self

from authgate.serving.options import Assignment, ServeOptions

START_SECONDS = 75.0  # a little more than the application's own start is given


class WorkerProcess:
    """One worker process."""

    def __init__(self, process: asyncio.subprocess.Process, ready: int) -> None:
        self.pid = process.pid
        self.dismissed = False
        """Whether its end is wanted."""

        self.was_ready = False
        self._started = time.monotonic()
        self._process = process
        self._ready = ready

    @classmethod
    async def start(cls, *, options: ServeOptions, listener: socket.socket, lifeline: int) -> Self:
        """Start a process that inherits the listening socket and the lifeline, and nothing else."""
        ready, signals_ready = os.pipe()
        assignment = Assignment(
            options=options, listener=listener.fileno(), ready=signals_ready, lifeline=lifeline
        )
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing in the working directory passes for a module
                "-m",
                "authgate.serving.worker",
                assignment.to_json(),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(assignment.listener, assignment.ready, assignment.lifeline),
                process_group=0,  # the terminal's Ctrl-C is the supervisor's to pass on
            )
        finally:
            os.close(signals_ready)
        return cls(process, ready)

    async def ready(self) -> bool:
        """Wait until it serves; false if it ended first, or took too long and was killed."""
        try:
            async with asyncio.timeout(START_SECONDS):
                self.was_ready = await _first_byte(self._ready) == b"1"
        except TimeoutError:
            self.kill()
        return self.was_ready

    async def ended(self) -> int:
        """Wait for its end; the exit status, or minus the signal that ended it."""
        return await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    @property
    def lived_seconds(self) -> float:
        return time.monotonic() - self._started

    def dismiss(self, order: signal.Signals) -> None:
        """Ask it to answer what is on its way and leave."""
        self.dismissed = True
        if not self.was_ready:
            order = signal.SIGTERM  # of which it dies quietly while it starts
        with suppress(ProcessLookupError):
            self._process.send_signal(order)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


def describe(status: int) -> str:
    """The way a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    return f"signal {signal.Signals(-status).name}"


async def _first_byte(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
        return os.read(descriptor, 1)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
