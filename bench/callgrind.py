"""Instructions counted by valgrind's callgrind: the same on a busy machine as on a quiet one."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.authgate_server import Installation
from bench.worker import worker

ROOT = Path(__file__).parents[1]
SLOWED = "bench.slowed_app:app"

_CALIBRATION = ROOT / "bench" / "calibration.py"
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)
_COLLECTED = re.compile(r"Collected : (\d+)")
_NAME = re.compile(r"c?fn=\((\d+)\)(?: (.*))?")
_COST = re.compile(r"[+*\d-]\S* (\d+)$")
_IDLE_LOOKS = 3
_LOOK_SECONDS = 0.005
# Where a name lands in a dictionary is chance otherwise, and some places cost more than others.
_NO_CHANCE = {"PYTHONHASHSEED": "0"}
# Everything takes fifty times as long, and nothing is to be given up for that.
PATIENCE = {"AUTHGATE_DATABASE__STATEMENT_SECONDS": "120"}


class NotCounted(Exception):
    """The counter did not do as it was told; carries what it said."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work cost, as the counter wrote it down."""

    instructions: int
    record: Path

    def by_function(self) -> Mapping[str, int]:
        """What each native function cost by itself (Callgrind Format Specification)."""
        names: dict[str, str] = {}
        costs: Counter[str] = Counter()
        function, is_of_a_call = "", False
        for line in self.record.read_text(errors="replace").splitlines():
            if match := _NAME.match(line):
                name = names.setdefault(match[1], match[2] or "")
                function = function if line.startswith("c") else name
            elif line.startswith("calls="):
                is_of_a_call = True  # the next line: what was spent in there
            elif match := _COST.match(line):
                costs[function] += 0 if is_of_a_call else int(match[1])
                is_of_a_call = False
        return costs


@dataclass(frozen=True, slots=True)
class CountedServer:
    """A server whose instructions are counted."""

    pid: int
    records: Path
    """Where its counter writes; each record gets a number added."""

    def begin(self) -> None:
        """Count from now on: until here it ran at a better pace."""
        self._tell("instrumentation", "on")

    def spent(self, work: Callable[[], None]) -> Spent:
        """What it spends, all of its threads together, while *work* keeps it busy.

        Counting began when the last record was written.
        """
        work()
        self._wait_until_idle()
        self._tell("dump")
        record = max(self.records.parent.iterdir(), key=_number)
        return Spent(int(_TOTAL.findall(record.read_text(errors="replace"))[0]), record)

    def _wait_until_idle(self) -> None:
        """Its clients have their answers; it may still be tidying up."""
        idle = 0
        while idle < _IDLE_LOOKS:
            idle = idle + 1 if self._sleeps() else 0
            time.sleep(_LOOK_SECONDS)

    def _sleeps(self) -> bool:
        """Whether no thread runs or could run (proc(5))."""
        stats = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "S" for stat in stats)

    def _tell(self, *words: str) -> None:
        command = ["vgdb", f"--pid={self.pid}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotCounted(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


@contextmanager
def counted(installation: Installation, *, app: str = SLOWED) -> Iterator[CountedServer]:
    """One worker that serves *installation*, with a counter around it."""
    records = Path(tempfile.mkdtemp(prefix="counts-", dir=installation.directory)) / "count"
    with worker(
        installation.finding(ROOT),
        app=app,
        around=_callgrind(records, "--instr-atstart=no"),
        environment=_NO_CHANCE | PATIENCE,
    ) as pid:
        yield CountedServer(pid, records)


def cost_of_calibration() -> int:
    """Instructions that this build of Python takes for a round of `bench.calibration`."""
    few, many = _calibrated(20), _calibrated(60)
    return (many - few) // 40


def _calibrated(rounds: int) -> int:
    command = [sys.executable, "-I", "-S", str(_CALIBRATION), str(rounds)]
    done = subprocess.run(
        [*_callgrind(Path(os.devnull)), *command],
        env={**os.environ, **_NO_CHANCE},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(_COLLECTED.findall(done.stderr)[0])


def _callgrind(records: Path, *options: str) -> list[str]:
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={records}", *options]


def _number(record: Path) -> int:
    return int(record.suffix[1:] or 0)
