"""``python -m bench``: measure, print, and write down if asked."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from bench import counting, machine, peers, postgres, report, row_security
from bench.authgate_server import ServerKind, authgate
from bench.machine import Cores
from bench.measure import Plan, Result, compare
from bench.postgres import Cluster
from bench.scenarios import ALL, HOT, MACHINES

_SAMPLES = Path(__file__).parent / "results.json"
_KINDS: tuple[ServerKind, ...] = ("uvicorn", "hypercorn")
_WALLED = ("client_credentials", "device poll")
_NAMES = sorted({each.name for each in (*ALL, *HOT)})
_TABLES = {"rivals": report.rivals_table, "row-security": row_security.table}
_DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


def main() -> int:
    """Run what the command line asks for; 1 if any server answered wrongly."""
    asked = _arguments()
    if asked.what == "instructions":
        return _count(asked)
    peers.install()
    facts = machine.facts() | {"postgresql": postgres.version()} | peers.versions()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        sections = _measured(asked, Path(directory), Cores.of_this_machine())
    tables = {name: _TABLES[name](results) for name, results in sections.items()}
    print(*tables.values(), sep="\n\n")
    faults = [fault for results in sections.values() for fault in report.failures(results)]
    print(*faults, sep="\n", file=sys.stderr)
    written = report.as_json(facts, sections)
    if asked.json:
        asked.json.write_text(written)
    if asked.update_docs and not faults:
        _SAMPLES.write_text(written)
        for name, text in (tables | {"machine": report.facts_table(facts)}).items():
            report.insert(_DOCUMENT, name, text)
    return 1 if faults else 0


def _count(asked: argparse.Namespace) -> int:
    if not (asked.functions or asked.against):
        return counting.run(set_ceilings=asked.set_ceilings, say=_say)
    wanted = [each for each in HOT if not asked.only or each.name in asked.only]
    return counting.explain(wanted, against=asked.against, say=_say)


def _measured(asked: argparse.Namespace, directory: Path, cores: Cores) -> dict[str, list[Result]]:
    sections = {}
    with postgres.cluster(directory, cores.database) as cluster:
        if asked.what in ("rivals", "all"):
            sections["rivals"] = _rivals(asked, directory, cores, cluster)
        if asked.what in ("row-security", "all"):
            sections["row-security"] = row_security.measure(
                [each for each in ALL if each.name in _WALLED[: 1 if asked.quick else None]],
                _plan(asked, cores, rounds=3 if asked.quick else 9),
                cluster=cluster,
                directory=directory,
                cores=cores,
                say=_say,
            )
    return sections


def _rivals(
    asked: argparse.Namespace, directory: Path, cores: Cores, cluster: Cluster
) -> list[Result]:
    plan = _plan(asked, cores, rounds=1 if asked.quick else 7)
    with ExitStack() as stack:
        rivals = list(stack.enter_context(peers.peers(directory, cores, cluster)))
        for kind, database in _kinds(asked, cluster):
            name = f"{'PostgreSQL' if database else 'SQLite'}, {kind}"
            rivals.append(stack.enter_context(authgate(name, kind, directory, cores, database)))
        offered = MACHINES if asked.quick else ALL
        scenarios = [each for each in ALL if each.name in asked.only] or offered
        return [result for each in scenarios for result in compare(each, rivals, plan, _say)]


def _kinds(
    asked: argparse.Namespace, cluster: Cluster
) -> Sequence[tuple[ServerKind, Cluster | None]]:
    return [("uvicorn", cluster)] if asked.quick else list(product(_KINDS, (None, cluster)))


def _plan(asked: argparse.Namespace, cores: Cores, *, rounds: int) -> Plan:
    return Plan(
        seconds=1 if asked.quick else 2,
        rounds=rounds,
        connections=32,
        load_core=cores.load,
        at_half_load=not asked.quick,
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=("rivals", "row-security", "instructions", "all"),
        default="all",
    )
    parser.add_argument("--quick", action="store_true", help="a rough answer within 5 minutes")
    parser.add_argument("--only", action="append", default=[], choices=_NAMES, help="one scenario")
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    parser.add_argument(
        "--update-docs",
        action="store_true",
        help="write docs/performance.md and bench/results.json",
    )
    counted = parser.add_argument_group("instructions")
    counted.add_argument(
        "--set-ceilings", action="store_true", help="what they are now is the most allowed"
    )
    counted.add_argument("--functions", action="store_true", help="show which functions cost most")
    counted.add_argument(
        "--against", metavar="COMMIT", help="show which functions cost more than at this commit"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
