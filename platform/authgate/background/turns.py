"""Whose turn it is, as the database has it."""

from authgate.jobs.job import Periodic
from authgate.jobs.turns import Taken, Turn
from authgate.storage.jobs import periodic_jobs


class StoredTurns:
    """One turn in each window of the database's clock, whoever asks."""

    async def take(self, periodic: Periodic, *, runner: str) -> Taken:
        """Be the one who does the job in this window."""
        name = periodic.job.name
        number, next_in = await periodic_jobs.take(name, seconds=periodic.seconds, runner=runner)
        return Taken(None if number is None else Turn(name, runner, number), next_in)

    async def is_held(self, periodic: Periodic, *, runner: str) -> bool:
        """Whether a runner of this name does it, or was killed over it a moment ago."""
        return await periodic_jobs.is_held(periodic.job.name, runner=runner)

    async def keep(self, turn: Turn) -> None:
        """Say that it is still being done."""
        await periodic_jobs.keep(turn.job, turn.number, runner=turn.runner)

    async def end(self, turn: Turn, *, error: str) -> None:
        """Say that it was done, or what went wrong: then somebody may try again."""
        await periodic_jobs.end(turn.job, turn.number, runner=turn.runner, error=error)
