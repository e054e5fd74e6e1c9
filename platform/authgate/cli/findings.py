"""What the doctor finds: one line for each thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and how to mend it."""

    what: str
    verdict: Verdict
    result: str
    cure: str = ""


def well(what: str, result: str) -> Finding:
    """All is well."""
    return Finding(what, Verdict.OK, result)


def warning(what: str, result: str, cure: str) -> Finding:
    """It works, and may not for long or for everybody."""
    return Finding(what, Verdict.WARNING, result, cure)


def problem(what: str, result: str, cure: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(what, Verdict.PROBLEM, result, cure)
