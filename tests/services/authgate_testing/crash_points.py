"""Killing whoever does a job at each of the moments at which that makes a difference.

What a database holds changes at a COMMIT and at no other moment. So a job is killed before its
first one, before its second one and so on: what it did outside until then is done, and nothing of
what it would have stored is.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from uuid import UUID

import pytest

from authgate import background, provisioning
from authgate.jobs import Job, TakeUpJobs
from authgate.storage.unit_of_work import Transaction, Unit
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer

PAST_EVERY_LEASE = 600.0
"""Seconds after which nobody believes any more that the dead are at it."""

Holds = Callable[[], Awaitable[None]]
Arrange = Callable[[Tenant], Awaitable[tuple[Job, Holds]]]


class Asked(list[tuple[Job, UUID | None, UUID | None]]):
    """What jobs are asked for, and of whom."""

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        self.append((job, tenant_id, kept))


class Killed(BaseException):
    """Nobody handles it, as nobody handles a kill."""


class Executioner:
    """Kills before one of the commits that follow."""

    def __init__(self, at: int) -> None:
        self.has_struck = False
        self._left = at

    def strikes(self) -> bool:
        """Whether a unit that wants to commit is killed: from then on each is, since the dead do
        nothing more."""
        self._left -= 1
        self.has_struck = self.has_struck or self._left == 0
        return self.has_struck


@contextmanager
def killed_before_commit(at: int) -> Iterator[Executioner]:
    """Kill whatever goes on in the block before its ``at``-th COMMIT, and whatever it leaves to do
    with the database; the block ends with the kill."""
    executioner, end = Executioner(at), Unit._end

    async def ended(self: Unit, begun: Transaction, failed: BaseException | None) -> None:
        if failed is None and executioner.strikes():
            await begun.end(Killed())
            raise Killed
        await end(self, begun, failed)

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(Unit, "_end", ended)
        yield executioner


class Trial:
    """Has a job done again and again, each time for a new tenant and killed a commit later."""

    def __init__(self, server: RunningServer, asked: Asked) -> None:
        self._server = server
        self._performer = background.performer(server.parts)
        self._asked = asked

    async def kills(self, arrange: Arrange) -> int:
        """How often it was killed before it came to its end."""
        for commits in count(1):
            tenant = await provisioning.add_tenant(
                self._server.parts, slug=f"t{commits}", name="Acme"
            )
            with use_tenant(tenant):
                job, holds = await arrange(tenant)
            kept = next((kept for each, _, kept in self._asked if each == job), None)
            self._asked.clear()
            with killed_before_commit(commits) as executioner:
                await self._performer.perform(job, tenant_id=tenant.id, kept=kept)
            for _ in range(2):
                self._server.clock.advance(PAST_EVERY_LEASE)
                await self._round(job)
            with use_tenant(tenant):
                await holds()
            if not executioner.has_struck:
                return commits - 1
        raise AssertionError

    async def _round(self, job: Job) -> None:
        """What is done every while, and what is asked for by it."""
        self._asked.clear()  # a broker loses what it has with whoever was to do it
        for each in (type(job)(), TakeUpJobs()):
            await self._performer.perform(each, tenant_id=None)
        while self._asked:
            asked, tenant_id, kept = self._asked.pop(0)
            await self._performer.perform(asked, tenant_id=tenant_id, kept=kept)
