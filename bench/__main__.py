"""``python -m bench``: measure, print, and write down if asked."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import counting, machine, peers, postgres, report
from bench.machine import Cores
from bench.report import Section
from bench.scenarios import ALL, HOT
from bench.sections import ALL_SECTIONS, RIVALS, Wish

_SAMPLES = Path(__file__).parent / "results.json"
_DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


def main() -> int:
    """Run what the command line asks for; 1 if any server answered wrongly."""
    asked = _arguments()
    if asked.what == "instructions" and not asked.update_docs:
        return _count(asked)
    names = list(ALL_SECTIONS) if asked.what == "all" else [asked.what]
    facts = machine.facts() | {"postgresql": postgres.version()}
    if RIVALS in names:
        peers.install()
        facts |= peers.versions()
    sections = _measured(names, asked)
    faults = [fault for section in sections.values() for fault in section.complaints]
    print(*faults, sep="\n", file=sys.stderr)
    if asked.json:
        report.write_samples(asked.json, facts, sections)
    if asked.update_docs and not faults:
        report.write_samples(_SAMPLES, facts, sections)
        report.document(_DOCUMENT, facts, sections)
    return 1 if faults else 0


def _count(asked: argparse.Namespace) -> int:
    if not (asked.functions or asked.against):
        return counting.run(set_ceilings=asked.set_ceilings, say=_say)
    wanted = [each for each in HOT if not asked.only or each.name in asked.only]
    return counting.explain(wanted, against=asked.against, say=_say)


def _measured(names: Sequence[str], asked: argparse.Namespace) -> dict[str, Section]:
    cores, sections = Cores.of_this_machine(), {}
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        postgres.cluster(Path(directory), cores.database) as cluster,
    ):
        wish = Wish(asked.quick, asked.only, Path(directory), cores, cluster, _say)
        for name in names:
            sections[name] = ALL_SECTIONS[name](wish)
            print(sections[name].table, end="\n\n", flush=True)
    return sections


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=(*ALL_SECTIONS, "all"), default="all")
    parser.add_argument("--quick", action="store_true", help="a rough answer within 5 minutes")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[each.name for each in ALL],
        help="one scenario",
    )
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
