"""``python -m bench``: measure, print, and write down if asked."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import machine, peers, report
from bench.machine import Cores
from bench.measure import Plan, Result, compare
from bench.scenarios import ALL, Scenario

_HERE = Path(__file__).parent
_DOCUMENT = _HERE.parent / "docs" / "performance.md"


def main() -> int:
    """Run what the command line asks for; 1 if any rival answered wrongly."""
    asked = _arguments()
    cores = Cores.of_this_machine()
    peers.install()
    facts = machine.facts() | peers.versions()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        results = _rivals(asked, cores, Path(directory))
    print(report.rivals_table(results))
    faults = report.failures(results)
    print(*faults, sep="\n", file=sys.stderr)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(report.as_json(facts, {"rivals": results}))
    if asked.update_docs and not faults:
        report.insert(_DOCUMENT, "rivals", report.rivals_table(results))
        report.insert(_DOCUMENT, "machine", report.facts_table(facts))
    return 1 if faults else 0


def _rivals(asked: argparse.Namespace, cores: Cores, directory: Path) -> list[Result]:
    results: list[Result] = []
    with ExitStack() as stack:
        rivals = [stack.enter_context(peers.oidc_provider(directory, cores))]
        for scenario in _scenarios(asked.only):
            results += compare(scenario, rivals, _plan(asked, cores), _say)
    return results


def _plan(asked: argparse.Namespace, cores: Cores) -> Plan:
    return Plan(
        warm_seconds=1 if asked.quick else 6,
        seconds=2 if asked.quick else 4,
        rounds=2 if asked.quick else 5,
        connections=32,
        load_core=cores.load,
    )


def _scenarios(only: list[str]) -> list[Scenario]:
    return [scenario for scenario in ALL if not only or scenario.name in only]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a rough answer within 3 minutes")
    parser.add_argument(
        "--only", action="append", default=[], choices=[s.name for s in ALL], help="one scenario"
    )
    parser.add_argument("--json", type=Path, default=_HERE / "results" / "latest.json")
    parser.add_argument("--update-docs", action="store_true", help="write docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
