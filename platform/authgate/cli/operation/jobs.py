"""``authgate worker`` and ``authgate beat``."""

import importlib
from contextlib import ExitStack
from typing import Annotated, Protocol, cast

import typer

from authgate.settings import Settings
from authgate.telemetry.shared_folder import shared_folder

Processes = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes; one for each processor, and at least two, where not given"
    ),
]


class _Runner(Protocol):
    def run_worker(self, settings: Settings, *, processes: int | None) -> int: ...

    def run_beat(self, settings: Settings) -> int: ...


def worker(processes: Processes = None) -> None:
    """Do the jobs that servers leave to workers, until told to stop."""
    settings = Settings()
    with ExitStack() as stack:
        if settings.jobs.metrics_port is not None:
            stack.enter_context(shared_folder())  # before anything that measures is loaded
        raise typer.Exit(_runner().run_worker(settings, processes=processes))


def beat() -> None:
    """Send the periodic jobs when they are due, until told to stop. Several do no harm."""
    raise typer.Exit(_runner().run_beat(Settings()))


def _runner() -> _Runner:
    # By name: workers stand on the platform, so nothing of the platform may import them.
    return cast(_Runner, importlib.import_module("authgate_workers.run"))
