"""The machine a measurement was made on, and which of its cores does what."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("quart", "hypercorn", "uvicorn", "httptools", "uvloop", "asyncpg", "cryptography")


class TooFewCores(Exception):
    """A server and its load generator on one core would measure each other."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where: one core for the server alone, so that rivals have the same."""

    server: int
    load: int
    database: tuple[int, ...]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first core serves; the second loads, and holds the database when it is the last."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise TooFewCores("two cores are needed: one for the server, one for the load")
        return cls(server=cores[0], load=cores[1], database=tuple(cores[2:]) or (cores[1],))


def pinned(command: list[str], *cores: int) -> list[str]:
    """*command*, held to *cores*."""
    return ["taskset", "-c", ",".join(map(str, cores)), *command]


def facts() -> dict[str, str]:
    """What a reader must know to judge the figures."""
    return {
        "measured at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _answer("git", "describe", "--always", "--dirty"),
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "python": platform.python_version(),
        "wrk": _answer("wrk", "-v").split(" [")[0].removeprefix("wrk "),
        **{name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _answer(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.partition("\n")[0].strip()
