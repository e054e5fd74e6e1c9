"""``python -m bench instructions``: count, compare with the ceilings, and set them if asked."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from bench import callgrind, growth, instructions, postgres
from bench.authgate_server import Installation, set_up
from bench.instructions import Count
from bench.scenario import Scenario
from bench.scenarios import HOT

Say = Callable[[str], None]


def run(*, set_ceilings: bool, say: Say) -> int:
    """Print each endpoint beside its ceiling; 1 if one costs more than it may."""
    build, calibrated = instructions.this_build(), callgrind.cost_of_calibration
    found = counts(HOT, say)
    if set_ceilings:
        instructions.set_ceilings(build, calibrated(), found)
    return _judged(found, instructions.ceilings(build, calibrated))


def counts(scenarios: Sequence[Scenario], say: Say) -> list[Count]:
    """What each of *scenarios* costs."""
    with installed() as installation:
        site = set_up(installation)
        with callgrind.counted(installation) as server:
            return instructions.count(server, site, scenarios, say)


def explain(scenarios: Sequence[Scenario], *, against: str | None, say: Say) -> int:
    """Print which functions a request's cost is in, or in which it differs from a commit's."""
    before = _profiles_of(against, scenarios, say) if against else []
    with installed() as installation:
        now = growth.profiles(installation, scenarios, say)
    for each, was in zip_longest(now, before):
        print(growth.told(each, was), end="\n\n")
    return 0


@contextmanager
def installed() -> Iterator[Installation]:
    """A place for a server on PostgreSQL that is about to be counted."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        home = Path(directory) / "counted"
        home.mkdir()
        # Where time is not measured, nobody needs a core to himself.
        with postgres.cluster(Path(directory), tuple(os.sched_getaffinity(0))) as cluster:
            yield Installation("counted", "uvicorn", home, cluster)


def _profiles_of(commit: str, scenarios: Sequence[Scenario], say: Say) -> list[growth.Profile]:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, installed() as installation:
        rooms = growth.checked_out(commit, Path(directory))
        say(f"at {commit}:")
        return growth.profiles(installation.finding(*rooms), scenarios, say)


def _judged(counts: Sequence[Count], limits: instructions.Ceilings) -> int:
    print(instructions.this_build(), instructions.table(counts, limits), sep="\n\n")
    faults = instructions.too_slow(counts, limits)
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0
