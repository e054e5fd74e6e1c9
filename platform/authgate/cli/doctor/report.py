"""What was found, for eyes and for programs."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from authgate.cli.output import Format, printable, show_all
from authgate.diagnosis.misconfiguration import Area, Finding, Severity

_SIGNS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.PROBLEM: "✗"}


def show(found: Sequence[Finding], output: Format) -> None:
    """Print it: by areas, or as a JSON array."""
    if output is Format.JSON:
        show_all([asdict(each) for each in found], output)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(found))


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    for area in Area:
        here = [each for each in found if each.area is area]
        if here:
            yield area
            for each in here:
                yield from _told(each)
    yield _summary(found)


def _told(finding: Finding) -> Iterator[str]:
    code = f"{finding.code}: " if finding.code else ""
    yield f"  {_SIGNS[finding.severity]} {code}{printable(finding.found)}"
    if finding.code:
        yield f"      {finding.why}"
        yield f"    → {printable(finding.cure)}"


def _summary(found: Sequence[Finding]) -> str:
    counts = [
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity in (Severity.PROBLEM, Severity.WARNING)
        if (count := sum(each.severity is severity for each in found))
    ]
    return ", ".join(counts) or "Nothing is wrong."
