"""Instructions counted by valgrind's callgrind: the same on a busy machine as on a quiet one.

A server is a worker of the product as its supervisor starts one, with a counter around it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from authgate.serving.options import Assignment, ServeOptions
from bench.authgate_server import Installation
from bench.servers import DidNotStart, tail

_HERE = Path(__file__).parent
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)
_COLLECTED = re.compile(r"Collected : (\d+)")
_STOP_SECONDS = 30
# Where a name lands in a dictionary is chance otherwise, and some places cost more than others.
_NO_CHANCE = {"PYTHONHASHSEED": "0"}
# Everything takes fifty times as long, and nothing is to be given up for that.
_PATIENCE = {"AUTHGATE_DATABASE__STATEMENT_SECONDS": "120"}


class NotCounted(Exception):
    """The counter did not do as it was told; carries what it said."""


@dataclass(frozen=True, slots=True)
class CountedServer:
    """A server whose instructions are counted."""

    pid: int
    counts: Path
    """Where its counter writes; each count gets a number added."""

    def instructions(self, work: Callable[[], None]) -> int:
        """What it spends while *work* keeps it busy, all of its threads together.

        Counting began when the last count was written.
        """
        work()
        self._tell("dump")
        return int(_TOTAL.findall(self.latest().read_text())[0])

    def begin(self) -> None:
        """Count from now on: until here it ran at a better pace."""
        self._tell("instrumentation", "on")

    def latest(self) -> Path:
        """The count that was written last."""
        return max(self.counts.parent.glob(f"{self.counts.name}.*"), key=_number)

    def _tell(self, *words: str) -> None:
        command = ["vgdb", f"--pid={self.pid}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotCounted(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


@contextmanager
def counted(
    installation: Installation, *, app: str = "authgate.asgi:app", python_path: Sequence[Path] = ()
) -> Iterator[CountedServer]:
    """One worker that serves *installation*, found in *python_path* before anywhere else."""
    counts = Path(tempfile.mkdtemp(prefix="counts-", dir=installation.directory)) / "count"
    log = installation.directory / "server.log"
    options = ServeOptions(port=installation.port, kind=installation.kind, app=app)
    with ExitStack() as stack:
        listener = stack.enter_context(_listener(installation.port))
        is_ready, says_ready = _pipe(stack)
        lifeline, _held = _pipe(stack)
        assignment = Assignment(
            options=options,
            listener=listener.fileno(),
            ready=says_ready.fileno(),
            lifeline=lifeline.fileno(),
        )
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [*_callgrind(counts, "--instr-atstart=no"), sys.executable, "-P",
             "-m", "authgate.serving.worker", assignment.to_json()],
            env={
                **os.environ, **installation.environment, **_NO_CHANCE, **_PATIENCE,
                "PYTHONPATH": os.pathsep.join(map(str, python_path)),
            },
            cwd=installation.directory, stdout=output, stderr=output, start_new_session=True,
            pass_fds=(assignment.listener, assignment.ready, assignment.lifeline),
        )  # fmt: skip
        stack.callback(_stop, process)
        says_ready.close()
        if is_ready.read(1) != b"1":
            raise DidNotStart(tail(log))
        yield CountedServer(process.pid, counts)


def cost_of_calibration() -> int:
    """Instructions that this build of Python takes for a round of `bench.calibration`."""
    few, many = _calibrated(20), _calibrated(60)
    return (many - few) // 40


def _calibrated(rounds: int) -> int:
    command = [sys.executable, "-I", "-S", str(_HERE / "calibration.py"), str(rounds)]
    done = subprocess.run(
        [*_callgrind(Path(os.devnull)), *command],
        env={**os.environ, **_NO_CHANCE},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(_COLLECTED.findall(done.stderr)[0])


def _callgrind(counts: Path, *options: str) -> list[str]:
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", *options]


def _listener(port: int) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setblocking(False)
    return listener


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """The end that is read, and the end that is written."""
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading)), stack.enter_context(FileIO(writing, "w"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _number(count: Path) -> int:
    return int(count.suffix[1:])
