"""A rival: a running server, what it offers, and whose CPU it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.site import Site


class Meter(Protocol):
    """Whatever can tell what it has used."""

    def seconds(self) -> float:
        """User and system time so far."""

    def resident_bytes(self) -> int:
        """Memory held now."""


@dataclass(frozen=True, slots=True)
class Rival:
    """One server in the comparison; `database` is the CPU of its database server, if it has one."""

    name: str
    site: Site
    server: Meter
    database: Meter | None = None
    stored_tokens: Callable[[], int] | None = None
    """How many tokens are on disk, if it claims to store them before it answers."""
    warm_cpu_seconds: float = 0.5
    """CPU time it must have spent on a scenario before it is timed: compilers need more."""
