"""A thing that can be wrong, and one that was found to be."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may not for long, for everybody or under attack."""

    PROBLEM = "problem"
    """It does not work, or is not safe."""


class Area(StrEnum):
    """What it is about, in the order in which it is told."""

    SETTINGS = "Settings"
    SECRETS = "Secrets"
    ADDRESS = "Address"
    LIMITS = "Limits"
    KEYS = "Keys"
    DATABASE = "Database"
    REDIS = "Redis"
    JOBS = "Jobs"
    MAIL = "Mail"
    PLUGINS = "Plugins"
    TENANTS = "Tenants"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and found; nothing in it is secret."""

    area: Area
    severity: Severity
    found: str
    code: str = ""
    why: str = ""
    cure: str = ""
    refused: bool = False
    """Whether the ``prod`` profile does not start with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconfiguration:
    """A thing that can be wrong."""

    code: str
    """Scripts and silenced alarms may rely on it."""

    severity: Severity = Severity.PROBLEM
    area: Area
    wrong: str
    """What it is, in one sentence."""

    why: str
    """Why it matters."""

    cure: str
    """What mends it, with names for what differs: ``{tenant}``."""

    refused: bool = False
    """Whether the ``prod`` profile does not start with it."""

    def found(self, what: str, **names: object) -> Finding:
        """It is here: say where, and what the cure is to name."""
        cure = self.cure.format(**names)
        return Finding(
            self.area, self.severity, what, self.code, self.why, cure, refused=self.refused
        )


def well(area: Area, what: str) -> Finding:
    """It was looked at, and nothing is wrong."""
    return Finding(area, Severity.OK, what)
