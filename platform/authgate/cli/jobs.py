"""``authgate worker`` and ``authgate beat``."""

import importlib
from typing import Annotated, Protocol, cast

import typer

from authgate.settings import Settings

Processes = Annotated[
    int | None, typer.Option(min=1, help="Processes; one for each processor where not given")
]


class _Runner(Protocol):
    def run_worker(self, settings: Settings, *, processes: int | None) -> int: ...

    def run_beat(self, settings: Settings) -> int: ...


def worker(processes: Processes = None) -> None:
    """Do the jobs that servers leave to workers, until told to stop."""
    raise typer.Exit(_runner().run_worker(Settings(), processes=processes))


def beat() -> None:
    """Send the periodic jobs when they are due, until told to stop. One is enough."""
    raise typer.Exit(_runner().run_beat(Settings()))


def _runner() -> _Runner:
    # By name: workers stand on the platform, so nothing of the platform may import them.
    return cast(_Runner, importlib.import_module("authgate_workers.run"))
