"""Whose turn it is at a job that comes again: one runner's in each window, of however many."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from authgate.jobs.job import Periodic

KEEP_SECONDS: Final = 10.0
"""Between two words of a runner that it is still at it: a third of what it is given."""


@dataclass(frozen=True, slots=True)
class Turn:
    """That it is this runner's turn."""

    job: str
    runner: str
    number: int
    """Of the window."""


class Taken(NamedTuple):
    """What came of asking for a turn."""

    turn: Turn | None
    """``None`` where somebody else has had this one, or is still at it."""
    next_in: float
    """Seconds until the next one."""


class Turns(Protocol):
    """Who may do which job now."""

    async def take(self, periodic: Periodic, *, runner: str) -> Taken:
        """Be the one who does the job in this window."""

    async def is_held(self, periodic: Periodic, *, runner: str) -> bool:
        """Whether a runner of this name does it, or was killed over it a moment ago."""

    async def keep(self, turn: Turn) -> None:
        """Say that it is still being done."""

    async def end(self, turn: Turn, *, error: str) -> None:
        """Say that it was done, or what went wrong: then somebody may try again."""


class EveryTurn:
    """Where there is one runner, each turn is its own."""

    async def take(self, periodic: Periodic, *, runner: str) -> Taken:
        """Whenever it asks."""
        return Taken(Turn(periodic.job.name, runner, 0), periodic.seconds)

    async def is_held(self, periodic: Periodic, *, runner: str) -> bool:
        """Nobody was before it."""
        return False

    async def keep(self, turn: Turn) -> None:
        """Nobody waits for it."""

    async def end(self, turn: Turn, *, error: str) -> None:
        """Nobody asks."""
