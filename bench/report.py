"""What was measured, for a terminal, for a program and for `docs/performance.md`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from bench.load import Load
from bench.measure import Result, Sample
from bench.peers import PEER

_HEAD = (
    "scenario", "server", "req/s", "CPU µs/req", "req/CPU·s", "ratio", "p50 ms", "p99 ms",
    "half load p50", "p99 ms", "DB CPU µs/req", "MiB",
)  # fmt: skip


class Finding(Protocol):
    """One result of a section, a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def complaint(self) -> str:
        """Why it must not be used; empty where it may."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: its table, and all that the table was made of."""

    table: str
    samples: Sequence[Mapping[str, Any]]
    complaints: Sequence[str]

    @classmethod
    def of(cls, findings: Sequence[Finding], table: str) -> "Section":
        """What was found, and how it reads."""
        complaints = [each.complaint for each in findings if each.complaint]
        return cls(table, [asdict(each) for each in findings], complaints)


class MarkerMissing(Exception):
    """The document has no place for the table."""


def rivals_table(results: Sequence[Result]) -> str:
    """Every result in a line; *ratio* is requests per CPU-second against the peer."""
    peers = {result.scenario: result for result in results if result.rival == PEER}
    return table(_HEAD, [_line(result, peers.get(result.scenario)) for result in results])


def facts_table(facts: Mapping[str, str]) -> str:
    """The machine and the versions."""
    return table(("what", "value"), list(facts.items()))


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown whose columns also line up on a terminal."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, rule, *lines)
    )


def write_samples(file: Path, facts: Mapping[str, str], sections: Mapping[str, Section]) -> None:
    """Put every sample into *file*, beside what it says of other sections."""
    known = json.loads(file.read_text()) if file.exists() else {}
    told = {name: {"machine": facts, "samples": each.samples} for name, each in sections.items()}
    file.write_text(json.dumps(known | told, indent=1, ensure_ascii=False) + "\n")


def document(file: Path, facts: Mapping[str, str], sections: Mapping[str, Section]) -> None:
    """Put the tables into their places in *file*, each with when and of what it was made."""
    for name, section in sections.items():
        made = f"*{facts['measured at']}, at {facts['commit']}*"
        insert(file, name, f"{section.table}\n\n{made}")
    if "rivals" in sections:
        insert(file, "machine", facts_table(facts))


def insert(document: Path, name: str, text: str) -> None:
    """Put *text* between the markers ``<!-- bench:name -->`` and ``<!-- /bench:name -->``."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    head, opened, rest = document.read_text().partition(begin)
    _, closed, foot = rest.partition(end)
    if not (opened and closed):
        raise MarkerMissing(f"{document.name} lacks {begin} … {end}")
    document.write_text(f"{head}{begin}\n{text}\n{end}{foot}")


def _line(result: Result, peer: Result | None) -> tuple[str, ...]:
    if result.failure or not result.samples:
        return (result.scenario, result.rival, "failed", *[""] * (len(_HEAD) - 3))
    return (
        result.scenario,
        result.rival,
        f"{result.middle(lambda s: s.load.requests_per_second):,.0f}",
        f"{result.middle(_server_microseconds):,.0f}",
        f"{result.middle(lambda s: s.per_cpu_second):,.0f}",
        f"{result.ratio(peer, lambda s: s.per_cpu_second):.2f}"
        if peer and not peer.failure
        else "",
        f"{result.middle(lambda s: s.load.p50):.1f}",
        f"{result.middle(lambda s: s.load.p99):.1f}",
        *_latencies(result.at_half_load),
        f"{result.middle(_database_microseconds):,.0f}",
        f"{result.middle(lambda s: s.resident_bytes) / 2**20:,.0f}",
    )


def _latencies(load: Load | None) -> tuple[str, str]:
    return (f"{load.p50:.1f}", f"{load.p99:.1f}") if load else ("", "")


def _server_microseconds(sample: Sample) -> float:
    return sample.server_cpu / sample.load.requests * 1e6


def _database_microseconds(sample: Sample) -> float:
    return sample.database_cpu / sample.load.requests * 1e6
