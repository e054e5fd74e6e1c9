"""Does the damage, one fault after another, and waits until whatever was hit is well again."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random

from authgate_testing.faults import asking
from authgate_testing.faults.client import Client
from authgate_testing.faults.crew import Hand, What
from authgate_testing.faults.deployment import STATEMENT_SECONDS, Deployment, Stricken
from authgate_testing.faults.history import History
from authgate_testing.faults.host import Host
from authgate_testing.faults.hurried import LEASE_SECONDS

WORKER_SECONDS = 3.0
"""A host answers again so soon after one of its workers was killed."""

DATABASE_SECONDS = 5.0
"""A host answers again so soon after PostgreSQL or Redis answers."""

START_SECONDS = 60.0
"""A worker that is to replace another, or a new supervisor's, serves so soon on a busy machine."""

_STREAK = 2
"""Probes that must be answered one after the other: each may reach another worker."""

_PROBE_PAUSE_SECONDS = 0.03
_STALL_SECONDS = STATEMENT_SECONDS + 1.5
"""Longer than a host waits for an answer: it gives its connections up."""

_STILL_SECONDS = LEASE_SECONDS + 2.0
"""Longer than others believe that a worker still does what it has begun."""

_PAUSE_SECONDS = 1.0
_SWALLOW_SECONDS = 0.15
_SLOW_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long it took until a host was well again."""

    fault: str
    host: str
    seconds: float
    limit: float

    @property
    def was_too_slow(self) -> bool:
        return self.seconds > self.limit

    def __str__(self) -> str:
        return f"{self.host} after {self.fault}: {self.seconds:.2f} s of {self.limit:.0f} s"


Strike = Callable[[], Awaitable[None]]


@dataclass
class Nemesis:
    """Strikes hosts and what they stand on."""

    deployment: Deployment
    history: History
    seed: int
    recoveries: list[Recovery] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.luck = Random(f"nemesis {self.seed}")  # noqa: S311  # to be repeated
        self._client = Client(self.history, keeps_connections=False)
        self._aftermath: set[asyncio.Task[None]] = set()
        self._absent: set[Host] = set()
        self._still: set[Hand] = set()
        self._needs: dict[Strike, Callable[[], bool]] = {
            # "The others serve": there have to be others.
            self.worker_killed: lambda: bool(self._whole()),
            self.worker_stalled: lambda: bool(self._whole()),
            self.supervisor_killed: lambda: not self._absent,
            self.worker_of_jobs_stalled: lambda: not self._still,
            self.process_of_jobs_killed: lambda: any(map(Hand.does_jobs, self._hands("worker"))),
        }

    async def rage(self) -> None:
        """Strike with every fault of the deck, in any order that the hosts' state allows."""
        deck = [strike for strike, count in self._deck().items() for _ in range(count)]
        self.luck.shuffle(deck)
        try:
            while deck:
                strike = await self._next(deck)
                deck.remove(strike)
                self.faults[strike.__name__.replace("_", " ")] += 1
                await strike()
                await asyncio.sleep(self.luck.uniform(0.1, 0.5))
            await asyncio.gather(*self._aftermath)
        finally:
            await self.close()

    async def close(self) -> None:
        """Go, and leave the hosts as they are."""
        for task in self._aftermath:
            task.cancel()
        await self._client.close()

    async def _next(self, deck: Sequence[Strike]) -> Strike:
        while True:
            for strike in deck:
                if strike not in self._needs or self._needs[strike]():
                    return strike
            await asyncio.sleep(_PROBE_PAUSE_SECONDS)

    def _deck(self) -> dict[Strike, int]:
        return {
            self.worker_killed: 5,
            self.worker_stalled: 1,
            self.supervisor_killed: 2,
            self.postgres_restarted: 3,
            self.line_to_postgres_cut: 3,
            self.line_to_postgres_stalled: 2,
            self.answers_of_postgres_swallowed: 3,
            self.line_to_postgres_slow: 1,
            self.line_to_postgres_down: 1,
            self.redis_killed: 2,
            self.line_to_redis_stalled: 1,
            self.line_to_redis_cut: 1,
            self.redis_emptied: 1,
            **(self._crews() if self.deployment.crew else {}),
        }

    def _crews(self) -> dict[Strike, int]:
        return {
            self.worker_of_jobs_killed: 2,
            self.process_of_jobs_killed: 2,
            self.worker_of_jobs_stalled: 1,
            self.beat_killed: 1,
        }

    async def worker_killed(self) -> None:
        """F1."""
        host = self.luck.choice(self._whole())
        began = time.monotonic()
        host.kill_worker()
        await self.recover("a killed worker", [host], WORKER_SECONDS, since=began)
        self._later(self._replaced(host, began))

    async def worker_stalled(self) -> None:
        """As on a machine that is paused, or out of memory and not yet killing."""
        host = self.luck.choice(self._whole())
        with host.worker_stopped():
            await asyncio.sleep(_PAUSE_SECONDS)
        await self.recover("a stalled worker", [host], WORKER_SECONDS)

    async def supervisor_killed(self) -> None:
        """F2; the other hosts are struck meanwhile."""
        host, _ = self._any()
        self._absent.add(host)
        self._later(self._replace_supervisor(host))

    async def postgres_restarted(self) -> None:
        """F3, as after a crash: nobody is waited for, and the log is replayed."""
        await self.deployment.site.end_postgres()
        await self.deployment.site.start_postgres()
        await self.recover("PostgreSQL's restart", self._up(), DATABASE_SECONDS)

    async def line_to_postgres_cut(self) -> None:
        """F4."""
        host, lines = self._any()
        lines.postgres.cut()
        await self.recover("a cut line to PostgreSQL", [host], DATABASE_SECONDS)

    async def line_to_postgres_stalled(self) -> None:
        """F4."""
        host, lines = self._any()
        lines.postgres.stall()
        await asyncio.sleep(_STALL_SECONDS)
        await lines.postgres.heal()
        await self.recover("a stalled line to PostgreSQL", [host], DATABASE_SECONDS)

    async def answers_of_postgres_swallowed(self) -> None:
        """F4: what was asked is done, and nobody learns of it."""
        host, lines = self._any()
        lines.postgres.swallow()
        await asyncio.sleep(_SWALLOW_SECONDS)
        lines.postgres.cut()
        await lines.postgres.heal()
        await self.recover("swallowed answers of PostgreSQL", [host], DATABASE_SECONDS)

    async def line_to_postgres_slow(self) -> None:
        """F4."""
        host, lines = self._any()
        lines.postgres.slow_down(_SLOW_SECONDS)
        await asyncio.sleep(_STALL_SECONDS)
        await lines.postgres.heal()
        await self.recover("a slow line to PostgreSQL", [host], DATABASE_SECONDS)

    async def line_to_postgres_down(self) -> None:
        """F4: a host alone is cut off from its database."""
        host, lines = self._any()
        await lines.postgres.refuse()
        await asyncio.sleep(_PAUSE_SECONDS)
        await lines.postgres.heal()
        await self.recover("a line to PostgreSQL that was down", [host], DATABASE_SECONDS)

    async def redis_killed(self) -> None:
        """F9."""
        await self.deployment.site.end_redis()
        await asyncio.sleep(_PAUSE_SECONDS)
        await self.deployment.site.start_redis()
        await self.recover("Redis' absence", self._up(), DATABASE_SECONDS)

    async def line_to_redis_stalled(self) -> None:
        """F9."""
        host, lines = self._any()
        lines.redis.stall()
        await asyncio.sleep(_PAUSE_SECONDS)
        await lines.redis.heal()
        await self.recover("a stalled line to Redis", [host], DATABASE_SECONDS)

    async def line_to_redis_cut(self) -> None:
        """F9."""
        host, lines = self._any()
        lines.redis.cut()
        await self.recover("a cut line to Redis", [host], DATABASE_SECONDS)

    async def redis_emptied(self) -> None:
        """F9."""
        self.deployment.site.empty_redis()
        await self.recover("Redis' loss of everything", self._up(), DATABASE_SECONDS)

    async def worker_of_jobs_killed(self) -> None:
        """F10."""
        await self._hand("worker").replace()

    async def process_of_jobs_killed(self) -> None:
        """F10: whoever does the jobs of a worker, which finds another one."""
        self.luck.choice([*filter(Hand.does_jobs, self._hands("worker"))]).kill_process()

    async def worker_of_jobs_stalled(self) -> None:
        """F10, F11: what it holds is taken by others before it goes on."""
        hand = self._hand("worker")
        self._still.add(hand)
        hand.signal(signal.SIGSTOP)
        self._later(self._goes_on(hand))

    async def beat_killed(self) -> None:
        """F12."""
        await self._hand("beat").replace()

    async def _goes_on(self, hand: Hand) -> None:
        try:
            await asyncio.sleep(_STILL_SECONDS)
        finally:
            hand.signal(signal.SIGCONT)
            self._still.discard(hand)

    def _hand(self, what: What) -> Hand:
        return self.luck.choice(self._hands(what))

    def _hands(self, what: What) -> list[Hand]:
        return [
            each for each in self.deployment.crew if each.what == what and each not in self._still
        ]

    def _later(self, work: Coroutine[None, None, None]) -> None:
        self._aftermath.add(asyncio.create_task(work))

    async def _replaced(self, host: Host, began: float) -> None:
        await host.comes_to(lambda: host.is_whole, within=2 * START_SECONDS)
        seconds = time.monotonic() - began
        self.recoveries.append(
            Recovery("a killed worker, replaced", host.name, seconds, START_SECONDS)
        )

    async def _replace_supervisor(self, host: Host) -> None:
        began = time.monotonic()
        await host.replace_supervisor()
        self._absent.discard(host)
        await self.recover("a killed supervisor", [host], START_SECONDS, since=began)

    async def recover(
        self, fault: str, hosts: Sequence[Host], limit: float, *, since: float | None = None
    ) -> None:
        began = time.monotonic() if since is None else since
        """Wait until these hosts are well again, and write down how long it took since then."""
        is_well = self._has_redis if "Redis" in fault else self._serves
        for host, seconds in zip(
            hosts,
            await asyncio.gather(*(self._until(is_well, host, limit, began) for host in hosts)),
            strict=True,
        ):
            self.recoveries.append(Recovery(fault, host.name, seconds, limit))

    async def _until(
        self, is_well: Callable[[Host], Awaitable[bool]], host: Host, limit: float, began: float
    ) -> float:
        streak = 0
        while streak < _STREAK and time.monotonic() - began < 2 * limit:
            streak = streak + 1 if await is_well(host) else 0
            await asyncio.sleep(_PROBE_PAUSE_SECONDS)
        return time.monotonic() - began

    async def _serves(self, host: Host) -> bool:
        """Each way to the database works: the log of tokens, lookups, and the pool."""
        household = self.luck.choice(self.deployment.site.households)
        token = await asking.machine_token(self._client, host, household)
        return (
            token.succeeded
            and (await asking.tokeninfo(self._client, host, household, token.gave)).succeeded
            and (await asking.device_code(self._client, host, household))[0].succeeded
        )

    async def _has_redis(self, host: Host) -> bool:
        checks = await self._client.readiness(host)
        return checks.get("redis") == "ok" and await self._serves(host)

    def _whole(self) -> list[Host]:
        return [host for host in self._up() if host.is_whole]

    def _any(self) -> Stricken:
        return self.luck.choice(
            [each for each in self.deployment.stricken if each[0] not in self._absent]
        )

    def _up(self) -> list[Host]:
        return [host for host, _ in self.deployment.stricken if host not in self._absent]
