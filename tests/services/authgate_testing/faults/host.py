"""A machine that serves: one supervisor and its workers, which can be killed and started again."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from authgate.serving.options import ServerKind
from authgate_testing.processes import LOOPBACK, Service, ServiceDidNotStart

_START_SECONDS = 60.0
_LAST_SECONDS = 12.0
"""A worker without a supervisor drains, and closes its database."""


class NeverHappened(AssertionError):
    """What a host was to do it did not do in time."""


class Host:
    """``authgate serve`` on a port of its own."""

    def __init__(
        self,
        name: str,
        *,
        kind: ServerKind,
        workers: int,
        environment: Mapping[str, str],
        log: Path,
        program: str = "authgate serve",
    ) -> None:
        self.name = name
        self._workers = workers
        self._program = program
        self._environment = {
            **environment,
            "AUTHGATE_SERVER__KIND": kind,
            "AUTHGATE_SERVER__WORKERS": str(workers),
        }
        self._up_since = float("inf")
        self._log = _Log(log)
        self._service = Service(self._command, answers=lambda _: self.is_whole, log=log)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self._service.port}"

    @property
    def is_whole(self) -> bool:
        """Whether every worker that it is to have serves."""
        return len(self.workers()) == self._workers

    def workers(self) -> list[int]:
        """The process ids of the workers that serve under the present supervisor."""
        return self._log.ready()

    def started(self) -> list[int]:
        """The process ids of all workers that have ever served."""
        return self._log.all_workers()

    async def start(self) -> None:
        """Start it, again and again as a machine's init does, and wait until it serves."""
        give_up_at = time.monotonic() + _START_SECONDS
        self._up_since = float("inf")
        while True:
            self._log.forget()
            self._service.start()
            try:
                await asyncio.to_thread(self._service.wait_until_up)
            except ServiceDidNotStart:
                if time.monotonic() > give_up_at:
                    raise
            else:
                self._up_since = time.monotonic()
                return

    def was_up(self, at: float) -> bool:
        """Whether it had been started then, rather than being on the way."""
        return self._up_since < at

    def kill_worker(self) -> None:
        """End a worker as the kernel does when memory is out."""
        os.kill(self.workers()[0], signal.SIGKILL)

    @contextmanager
    def worker_stopped(self) -> Iterator[int]:
        """Have a worker stand still until the block ends; its process id."""
        pid = self.workers()[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def replace_supervisor(self) -> None:
        """End the supervisor without a word, and start another one at once on the same port."""
        await asyncio.to_thread(self._service.end, signal.SIGKILL)
        await self.start()

    async def roll(self, *, within: float = 90) -> None:
        """Have every worker replaced by a new one."""
        before = self._log.rolls()
        os.kill(self._service.pid, signal.SIGHUP)
        await self.comes_to(lambda: self._log.rolls() > before, within=within)

    async def comes_to(self, holds: Callable[[], bool], *, within: float) -> None:
        """Wait until it holds. Raises ``NeverHappened``."""
        give_up_at = time.monotonic() + within
        while not holds():
            if time.monotonic() > give_up_at:
                raise NeverHappened(f"{self.name} after {within} s:\n{self._log.tail()}")
            await asyncio.sleep(0.02)

    def lines(self, word: str) -> list[str]:
        """What its log says of this word."""
        return [line for line in self._log.text().splitlines() if word in line]

    async def stop(self) -> None:
        """End it, and see all of its processes off, also those that a killed supervisor left."""
        await asyncio.to_thread(self._service.end, signal.SIGTERM)
        everybody = self._log.all_workers()
        try:
            await self.comes_to(lambda: not any(map(_is_running, everybody)), within=_LAST_SECONDS)
        finally:
            for pid in filter(_is_running, everybody):
                os.kill(pid, signal.SIGKILL)

    def _command(self, port: int) -> list[str | Path]:
        environment = self._environment | {"AUTHGATE_SERVER__PORT": str(port)}
        assignments = [f"{name}={value}" for name, value in environment.items()]
        return ["/usr/bin/env", *assignments, sys.executable, "-m", *self._program.split()]


class _Log:
    """What a supervisor says, read as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._ready: list[int] = []
        self._all: list[int] = []
        self._rolls = 0

    def forget(self) -> None:
        """Another supervisor speaks from here on."""
        self._catch_up()
        self._ready = []

    def ready(self) -> list[int]:
        """Workers that are ready and have not ended."""
        self._catch_up()
        return self._ready

    def all_workers(self) -> list[int]:
        """Workers of every supervisor so far."""
        self._catch_up()
        return self._all

    def rolls(self) -> int:
        """Rolling restarts done."""
        self._catch_up()
        return self._rolls

    def text(self) -> str:
        """All of it."""
        return self._path.read_text(errors="replace")

    def tail(self) -> str:
        """The end of it."""
        return "\n".join(self.text().splitlines()[-20:])

    def _catch_up(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            self._hear(line)

    def _hear(self, line: str) -> None:
        if came := re.search(r'"worker (\d+) is ready"', line):
            self._ready.append(int(came[1]))
            self._all.append(int(came[1]))
        elif went := re.search(r'"worker (\d+) ended: ', line):
            self._ready = [pid for pid in self._ready if pid != int(went[1])]
        elif '"rolling restart done"' in line:
            self._rolls += 1


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
