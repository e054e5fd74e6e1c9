"""What was measured, for a terminal, for a program and for `docs/performance.md`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.load import Load
from bench.measure import Result, Sample
from bench.peers import PEER

_HEAD = (
    "scenario", "server", "req/s", "CPU µs/req", "req/CPU·s", "ratio", "p50 ms", "p99 ms",
    "half load p50", "p99 ms", "DB CPU µs/req", "MiB",
)  # fmt: skip


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


def failures(results: Sequence[Result]) -> list[str]:
    """Why some results must not be used."""
    return [f"{r.scenario} / {r.rival}: {r.failure}" for r in results if r.failure]


def as_json(facts: Mapping[str, str], sections: Mapping[str, Sequence[Result]]) -> str:
    """Facts and every sample, for later comparison."""
    told = {name: [asdict(result) for result in results] for name, results in sections.items()}
    return json.dumps({"machine": dict(facts), **told}, indent=1, ensure_ascii=False) + "\n"


def insert(document: Path, name: str, text: str) -> None:
    """Put *text* between the markers ``<!-- bench:name -->`` and ``<!-- /bench:name -->``."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    head, opened, rest = document.read_text().partition(begin)
    _, closed, foot = rest.partition(end)
    if not (opened and closed):
        raise MarkerMissing(f"{document.name} lacks {begin} … {end}")
    document.write_text(f"{head}{begin}\n{text}\n{end}{foot}")


def ratio(result: Result, other: Result) -> float:
    """How many times *other*'s work *result* does with the same CPU, round by round."""
    pairs = zip(result.samples, other.samples, strict=True)
    return median(ours.per_cpu_second / theirs.per_cpu_second for ours, theirs in pairs)


def _line(result: Result, peer: Result | None) -> tuple[str, ...]:
    if result.failure or not result.samples:
        return (result.scenario, result.rival, "failed", *[""] * (len(_HEAD) - 3))
    return (
        result.scenario,
        result.rival,
        f"{result.middle(lambda s: s.load.requests_per_second):,.0f}",
        f"{result.middle(_server_microseconds):,.0f}",
        f"{result.middle(lambda s: s.per_cpu_second):,.0f}",
        f"{ratio(result, peer):.2f}" if peer and not peer.failure else "",
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
