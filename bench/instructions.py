"""Instructions per request of the endpoints that programs call all day: a speed without a clock.

Requests come in waves, each of them on a connection of its own, because what concurrent requests
share (a commit, a lookup) is part of the design. A wave also pays for the process's own timers, its
garbage collector, and for whoever came too late to share: the figure is that of the cheapest wave.
"""

import json
import platform
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import report
from bench.callgrind import CountedServer, Spent
from bench.exchange import Request
from bench.scenario import Scenario
from bench.site import Site
from bench.waves import CONNECTIONS, repeat, waves

ROOM = 1.05
"""Times its ceiling that an endpoint may cost."""

ROOM_ELSEWHERE = 1.10
"""The same for a build of Python whose ceilings are an estimate."""

_WARM_WAVES = 2
_WAVES = 2
_MOST_WAVES = 28
_ALIKE = 1.005
"""Times the cheapest wave that the next one may cost: else requests of both came too late to share,
as on a busy machine, and others are asked for."""
_CEILINGS = Path(__file__).parent / "ceilings.json"
# Measured on three builds: the rest is native code, which is the same under each of them.
_PYTHONS_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Count:
    """What a request of one kind costs."""

    scenario: str
    instructions: int
    by_function: Mapping[str, int] = field(default_factory=dict, repr=False)
    """The same by native function, each by itself."""
    complaint: str = ""
    """Always empty: what answers wrongly is not counted."""

    @classmethod
    def of(cls, scenario: Scenario, spent: Spent) -> "Count":
        """What was spent on a wave, by request."""
        by_function = {name: cost // CONNECTIONS for name, cost in spent.by_function().items()}
        return cls(scenario.name, spent.instructions // CONNECTIONS, by_function)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What each endpoint cost when it was last looked at, under one build of Python."""

    calibration: int
    """Instructions of a round of `bench.calibration`."""

    instructions: Mapping[str, int]
    room: float = ROOM

    def limit(self, scenario: str) -> int:
        """The most that it may cost."""
        return int(self.instructions[scenario] * self.room)

    def estimated(self, calibration: int) -> "Ceilings":
        """The ceilings of another build, for which a round costs this much."""
        factor = 1 + _PYTHONS_SHARE * (calibration / self.calibration - 1)
        scaled = {name: int(cost * factor) for name, cost in self.instructions.items()}
        return Ceilings(calibration, scaled, ROOM_ELSEWHERE)


def count(
    server: CountedServer, site: Site, scenarios: Sequence[Scenario], say: Callable[[str], None]
) -> list[Count]:
    """What a request of each kind costs *server*. Raises `WrongAnswer`."""
    prepared = [(scenario, scenario.requests(site)) for scenario in scenarios]
    server.begin()
    counts = []
    for scenario, requests in prepared:
        scenario.check(site, requests)
        counts.append(Count.of(scenario, _cost(server, scenario, requests)))
        say(f"{scenario.name}: {counts[-1].instructions:,} instructions")
    return counts


def this_build() -> str:
    """The Python that runs, as far as its speed goes."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    made = "optimised" if "--enable-optimizations" in options else "plain"
    name = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{name} {made}, {sys.platform} {platform.machine()}"


def ceilings(build: str, calibrated: Callable[[], int]) -> Ceilings:
    """The ceilings of this build of Python: its own, or an estimate from the first one's, for which
    the build is calibrated."""
    known = _read()
    if build in known:
        return known[build]
    return next(iter(known.values())).estimated(calibrated())


def set_ceilings(build: str, calibration: int, counts: Sequence[Count]) -> None:
    """From now on these are the ceilings of this build."""
    known = {name: _told(each) for name, each in _read().items()}
    measured = {each.scenario: each.instructions for each in counts}
    known[build] = _told(Ceilings(calibration, measured))
    _CEILINGS.write_text(json.dumps(known, indent=2) + "\n")


def too_slow(counts: Sequence[Count], limits: Ceilings) -> list[str]:
    """The endpoints that cost more than they may."""
    return [
        f"{each.scenario}: {each.instructions:,} instructions, at most "
        f"{limits.limit(each.scenario):,} allowed"
        for each in counts
        if each.instructions > limits.limit(each.scenario)
    ]


def table(counts: Sequence[Count], limits: Ceilings) -> str:
    """Each endpoint beside its ceiling."""
    head = ("scenario", "instructions/req", "before", "ratio")
    return report.table(head, [_line(each, limits.instructions[each.scenario]) for each in counts])


def _line(each: Count, before: int) -> tuple[str, ...]:
    ratio = each.instructions / before
    return (each.scenario, f"{each.instructions:,}", f"{before:,}", f"{ratio:.3f}")


def _cost(server: CountedServer, scenario: Scenario, requests: Sequence[Request]) -> Spent:
    with waves(scenario, requests, server=server.pid) as wave:
        server.spent(lambda: repeat(wave, _WARM_WAVES))
        waves_spent = [server.spent(wave) for _ in range(_WAVES)]
        while len(waves_spent) < _MOST_WAVES and not _agree(waves_spent):
            waves_spent.append(server.spent(wave))
    return min(waves_spent, key=lambda spent: spent.instructions)


def _agree(waves_spent: Sequence[Spent]) -> bool:
    cheapest, next_one, *_ = sorted(spent.instructions for spent in waves_spent)
    return next_one <= cheapest * _ALIKE


def _read() -> dict[str, Ceilings]:
    with suppress(FileNotFoundError):
        return {name: Ceilings(**told) for name, told in json.loads(_CEILINGS.read_text()).items()}
    return {}


def _told(each: Ceilings) -> dict[str, object]:
    return {"calibration": each.calibration, "instructions": dict(each.instructions)}
