"""Load: `wrk` replaying prepared requests and judging every answer."""

import json
import resource
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.exchange import Request
from bench.machine import pinned

_REPLAY = Path(__file__).parent / "wrk" / "replay.lua"


class LoadFailed(Exception):
    """The load generator itself did not run to its end."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The answer each request must get: a status, and one of some texts in the body."""

    status: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volley:
    """How hard and how long."""

    seconds: int
    connections: int
    core: int
    once: bool = False
    """Whether it ends when every request has been sent."""
    think_milliseconds: float = 0
    """What each connection waits on average before it asks."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one volley met; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    tally: dict[str, int]
    wrong: int
    wrong_example: str
    broken: int
    generator_busy: float

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def drive(requests: Sequence[Request], expectation: Expectation, volley: Volley) -> Load:
    """Send *requests* in turn for the volley's time; one thread, connections kept open."""
    with tempfile.NamedTemporaryFile(prefix="requests-") as script:
        for request in requests:
            wire = request.wire()
            script.write(b"%d\n%b" % (len(wire), wire))
        script.flush()
        before = _reaped_cpu()
        output = _run(requests[0].place, script.name, expectation, volley)
        busy = (_reaped_cpu() - before) / volley.seconds
    return _load(output, expectation, busy)


def _run(place: str, script: str, expectation: Expectation, volley: Volley) -> str:
    command = [
        "wrk", "-t1", f"-c{volley.connections}", f"-d{volley.seconds}s", "--timeout", "10s",
        "-s", str(_REPLAY), f"http://{place}",
        "--", script, "once" if volley.once else "again", str(volley.think_milliseconds),
        str(expectation.status), *expectation.texts,
    ]  # fmt: skip
    done = subprocess.run(pinned(command, volley.core), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(done.stdout + done.stderr)
    return done.stdout


def _load(output: str, expectation: Expectation, busy: float) -> Load:
    told: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return Load(
        requests=told["requests"],
        seconds=told["microseconds"] / 1e6,
        p50=told["p50"],
        p99=told["p99"],
        tally=dict(zip(expectation.texts, told["tally"], strict=True)),
        wrong=told["wrong"],
        wrong_example=told["wrong_example"],
        broken=told["broken"],
        generator_busy=busy,
    )


def _reaped_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
