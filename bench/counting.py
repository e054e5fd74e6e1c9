"""``python -m bench instructions``: count, compare with the ceilings, and set them if asked."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import callgrind, instructions, postgres
from bench.authgate_server import Installation, set_up


def run(*, set_ceilings: bool, say: Callable[[str], None]) -> int:
    """Print each endpoint beside its ceiling; 1 if one costs more than it may."""
    build, calibration = instructions.this_build(), callgrind.cost_of_calibration()
    with installed() as installation:
        site = set_up(installation)
        with callgrind.counted(installation) as server:
            counts = instructions.count(server, site, instructions.GATED, say)
    if set_ceilings:
        instructions.set_ceilings(build, calibration, counts)
    limits = instructions.ceilings(build, calibration)
    print(build, instructions.table(counts, limits), sep="\n\n")
    faults = instructions.too_slow(counts, limits)
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0


@contextmanager
def installed() -> Iterator[Installation]:
    """A place for a server on PostgreSQL that is about to be counted."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        home = Path(directory) / "counted"
        home.mkdir()
        # Where time is not measured, nobody needs a core to himself.
        with postgres.cluster(Path(directory), tuple(os.sched_getaffinity(0))) as cluster:
            yield Installation("counted", "uvicorn", home, cluster)
