"""How tests run a command line, and what they learn of its end."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from authgate.settings import DatabaseSettings


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, which was JSON and nothing else."""
        return json.loads(self.out)


class Cli(Protocol):
    """Runs a command line."""

    def __call__(self, *words: str, stdin: str = "") -> Ended:
        """Run these words."""
        ...


class Use(Protocol):
    """Puts a database into the environment."""

    def __call__(self, settings: DatabaseSettings) -> None:
        """Use this one."""
        ...


class Bring(Protocol):
    """Installs a plugin for one test."""

    def __call__(self, name: str, source: str) -> None:
        """A module, and a distribution that declares it."""
        ...
