"""Where the cost of a request lies, and which functions make it dearer than it was at a commit."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import bytecodes, callgrind, instructions, report
from bench.authgate_server import Installation, set_up
from bench.instructions import Count
from bench.scenario import Scenario
from bench.site import Site
from bench.waves import CONNECTIONS, repeat, waves

_ROOT = Path(__file__).parents[1]
_ROOMS = ("platform", "tenants", "workers", "plugins", "templates")
_TRACED_WAVES = 4
_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Profile:
    """A request's instructions by native function, and its bytecodes by Python function."""

    count: Count
    bytecodes: Mapping[str, int]


def profiles(
    installation: Installation, scenarios: Sequence[Scenario], say: Callable[[str], None]
) -> list[Profile]:
    """What a request of each kind is made of."""
    site = set_up(installation)
    with callgrind.counted(installation) as counted:
        counts = instructions.count(counted, site, scenarios, say)
    with bytecodes.traced(installation) as traced:
        done = [executed(traced, site, each) for each in scenarios]
    return [Profile(*each) for each in zip(counts, done, strict=True)]


def checked_out(commit: str, folder: Path) -> tuple[Path, ...]:
    """The source roots of *commit*, laid out in *folder*."""
    command = ["git", "archive", commit, *_ROOMS]
    archive = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "--extract"], cwd=folder, input=archive, check=True)
    return tuple(folder / room for room in _ROOMS)


def told(now: Profile, before: Profile | None = None) -> str:
    """The functions that cost most; where there is a *before*, those that grew or shrank most."""
    name = now.count.scenario
    was = f", before {before.count.instructions:,}" if before else ""
    return "\n\n".join(
        [
            f"## {name}: {now.count.instructions:,} instructions{was}",
            _table(
                "Python function, callees included",
                "bytecodes/req",
                now.bytecodes,
                before.bytecodes if before else {},
            ),
            _table(
                "native function, itself",
                "instructions/req",
                now.count.by_function,
                before.count.by_function if before else {},
            ),
        ]
    )


def _table(what: str, unit: str, now: Mapping[str, int], before: Mapping[str, int]) -> str:
    changed = most_changed(now, before)
    lines = [(name, f"{now.get(name, 0):,}", f"{more:+,}") for name, more in changed.items()]
    return report.table((what, unit, "more"), lines)


def most_changed(now: Mapping[str, int], before: Mapping[str, int]) -> Mapping[str, int]:
    """The functions that grew or shrank most, and by how much, as far as they are shown."""
    growth = {name: now.get(name, 0) - before.get(name, 0) for name in now.keys() | before.keys()}
    most = sorted(growth, key=lambda name: -abs(growth[name]))[:_SHOWN]
    return {name: growth[name] for name in most}


def executed(server: bytecodes.TracedServer, site: Site, scenario: Scenario) -> Mapping[str, int]:
    """What each Python function executes for a request, callees included."""
    with waves(scenario, scenario.requests(site), server=server.pid) as wave:
        wave()
        costs = server.by_function(lambda: repeat(wave, _TRACED_WAVES))
    requests = CONNECTIONS * _TRACED_WAVES
    return {name: cost // requests for name, cost in costs.items()}
