"""The sections of the report: what each measures."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from bench import (
    callgrind,
    chores,
    cleanup,
    counting,
    hostile_plugins,
    instructions,
    neighbours,
    peers,
    report,
    row_security,
    tenants,
)
from bench.authgate_server import ServerKind, authgate
from bench.machine import Cores
from bench.measure import Plan, compare
from bench.postgres import Cluster
from bench.report import Section
from bench.scenarios import ALL, HOT, MACHINES

RIVALS = "rivals"
"""The one that other people's servers are needed for."""

_KINDS: tuple[ServerKind, ...] = ("uvicorn", "hypercorn")
_WALLED = ("client_credentials", "device poll")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, and where it may be done."""

    quick: bool
    only: Sequence[str]
    """Names of scenarios; all of them where it is empty."""
    directory: Path
    cores: Cores
    cluster: Cluster
    say: Callable[[str], None]

    def plan(self, *, rounds: int) -> Plan:
        """So many rounds, or as few as give a rough answer."""
        return Plan(
            seconds=1 if self.quick else 2,
            rounds=max(1, rounds // 3) if self.quick else rounds,
            connections=32,
            load_core=self.cores.load,
            at_half_load=not self.quick,
        )


def _rivals(wish: Wish) -> Section:
    """AuthGate beside other people's servers; a rough answer is about the fastest of its kinds."""
    kinds = _KINDS[:1] if wish.quick else _KINDS
    clusters = (wish.cluster,) if wish.quick else (None, wish.cluster)
    offered = MACHINES if wish.quick else ALL
    with ExitStack() as stack:
        rivals = [
            *stack.enter_context(peers.peers(wish.directory, wish.cores, wish.cluster)),
            *(
                stack.enter_context(
                    authgate(_name(kind, cluster), kind, wish.directory, wish.cores, cluster)
                )
                for kind, cluster in product(kinds, clusters)
            ),
        ]
        results = [
            result
            for scenario in [each for each in ALL if each.name in wish.only] or offered
            for result in compare(scenario, rivals, wish.plan(rounds=7), wish.say)
        ]
    return Section.of(results, report.rivals_table(results))


def _name(kind: ServerKind, cluster: Cluster | None) -> str:
    return f"{'PostgreSQL' if cluster else 'SQLite'}, {kind}"


def _row_security(wish: Wish) -> Section:
    """What the walls between tenants cost."""
    results = row_security.measure(
        [each for each in ALL if each.name in _WALLED[: 1 if wish.quick else None]],
        wish.plan(rounds=5),
        cluster=wish.cluster,
        directory=wish.directory,
        cores=wish.cores,
        say=wish.say,
    )
    return Section.of(results, row_security.table(results))


def _tenants(wish: Wish) -> Section:
    """What it costs to have many tenants."""
    crowds, chores_done = tenants.measure(
        tenants.SIZES[:2] if wish.quick else tenants.SIZES,
        replace(wish.plan(rounds=9), at_half_load=False),
        cluster=wish.cluster,
        directory=wish.directory,
        cores=wish.cores,
        say=wish.say,
    )
    table = f"{tenants.table(crowds)}\n\n{chores.table(chores_done)}"
    return Section.of([*crowds, *chores_done], table)


def _neighbours(wish: Wish) -> Section:
    """What a tenant's flood does to its neighbour."""
    found = neighbours.measure(
        2 if wish.quick else 10,
        1 if wish.quick else 4,
        cluster=wish.cluster,
        directory=wish.directory,
        cores=wish.cores,
        say=wish.say,
    )
    return Section.of(found, neighbours.table(found))


def _hostile_plugins(wish: Wish) -> Section:
    """What a tenant's hostile plugin costs its neighbour."""
    found = hostile_plugins.measure(
        1 if wish.quick else 3,
        1 if wish.quick else 10,
        cluster=wish.cluster,
        directory=wish.directory,
        cores=wish.cores,
        say=wish.say,
    )
    return Section.of(found, hostile_plugins.table(found))


def _cleanup(wish: Wish) -> Section:
    """What it costs to remove millions of tokens that are over."""
    removals, day = cleanup.measure(
        cleanup.QUICK if wish.quick else cleanup.FULL,
        cluster=wish.cluster,
        directory=wish.directory,
        cores=wish.cores,
        say=wish.say,
    )
    table = f"{cleanup.table(removals)}\n\n{cleanup.day_table(day)}"
    return Section.of([*removals, day], table)


def _instructions(wish: Wish) -> Section:
    """What hot requests cost without a clock."""
    limits = instructions.ceilings(instructions.this_build(), callgrind.cost_of_calibration)
    counts = counting.counts([each for each in HOT if each.name in wish.only] or HOT, wish.say)
    shown = [replace(each, by_function={}) for each in counts]
    return Section.of(shown, instructions.table(counts, limits))


ALL_SECTIONS: Mapping[str, Callable[[Wish], Section]] = {
    RIVALS: _rivals,
    "row-security": _row_security,
    "tenants": _tenants,
    "neighbours": _neighbours,
    "hostile-plugins": _hostile_plugins,
    "cleanup": _cleanup,
    "instructions": _instructions,
}
"""By the name of their place in the document."""
