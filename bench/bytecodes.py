"""Bytecodes per request of each Python function: where a count of instructions comes from."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.authgate_server import Installation
from bench.callgrind import PATIENCE, ROOT
from bench.worker import worker

TRACED = "bench.traced_app:app"

_SECONDS = 60


class NotTraced(Exception):
    """The traced server wrote nothing down."""


@dataclass(frozen=True, slots=True)
class TracedServer:
    """A server whose bytecodes are counted."""

    pid: int
    file: Path

    def by_function(self, work: Callable[[], None]) -> Mapping[str, int]:
        """What each function executes, callees included, while *work* keeps the server busy."""
        os.kill(self.pid, signal.SIGUSR1)
        # Begun while a request is answered, it would take the functions of that for the loop's.
        _taken(self.file.with_suffix(".begun"))
        work()
        os.kill(self.pid, signal.SIGUSR2)
        told: dict[str, int] = json.loads(_taken(self.file))
        return told


def _taken(file: Path) -> str:
    """What the server writes into a file, which is then gone. Raises `NotTraced`."""
    give_up_at = time.monotonic() + _SECONDS
    while not file.exists():
        if time.monotonic() > give_up_at:
            raise NotTraced(str(file))
        time.sleep(0.05)
    text = file.read_text()
    file.unlink()
    return text


@contextmanager
def traced(installation: Installation, *, app: str = TRACED) -> Iterator[TracedServer]:
    """One worker that serves *installation* and can count its bytecodes."""
    with worker(installation.finding(ROOT), app=app, environment=PATIENCE) as pid:
        yield TracedServer(pid, installation.directory / "bytecodes.json")
