"""Who does which job."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from authgate.jobs.job import Job

Kind = TypeVar("Kind", bound=Job)


class UnknownJob(LookupError):
    """Nobody here does a job of this name."""


class BadArguments(ValueError):
    """A job came with arguments that it does not take."""


class Handlers:
    """The handler of each job, shared by whatever runs them."""

    def __init__(self) -> None:
        self._kinds: dict[str, type[Job]] = {}
        self._handlers: dict[str, Callable[[Any], Awaitable[None]]] = {}

    def add(self, kind: type[Kind], handler: Callable[[Kind], Awaitable[None]]) -> None:
        """Have jobs of this kind done by the handler. It may be called again for the same job."""
        self._kinds[kind.name] = kind
        self._handlers[kind.name] = handler

    def names(self) -> frozenset[str]:
        """The jobs that are done here."""
        return frozenset(self._kinds)

    def read(self, name: str, arguments: Mapping[str, Any]) -> Job:
        """The job that was written as these. Raises ``UnknownJob`` and ``BadArguments``."""
        kind = self._kinds.get(name)
        if kind is None:
            raise UnknownJob(name)
        try:
            return kind(**arguments)
        except TypeError as error:
            raise BadArguments(name) from error

    async def handle(self, job: Job) -> None:
        """Do the job. Raises ``UnknownJob``, and whatever the handler raises."""
        handler = self._handlers.get(job.name)
        if handler is None:
            raise UnknownJob(job.name)
        await handler(job)


def arguments_of(job: Job) -> dict[str, Any]:
    """What a job carries, as ``Handlers.read`` takes it."""
    return asdict(job)
