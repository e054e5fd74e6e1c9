"""Does the damage, one fault after another, and waits until whatever was hit is well again.

What lasts goes on at one host while the other faults strike the others.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from authgate_testing.faults import asking
from authgate_testing.faults.client import Client
from authgate_testing.faults.crew import Hand, What
from authgate_testing.faults.deployment import STATEMENT_SECONDS, Deployment, Stricken
from authgate_testing.faults.history import History
from authgate_testing.faults.host import Host
from authgate_testing.faults.hurried import LEASE_SECONDS
from authgate_testing.line import Line

WORKER_SECONDS = 3.0
"""A host answers again so soon after one of its workers was killed."""

DATABASE_SECONDS = 5.0
"""A host answers again so soon after PostgreSQL or Redis answers."""

START_SECONDS = 60.0
"""A worker that is to replace another, or a new supervisor's, serves so soon on a busy machine."""

_AT_ONCE = 8
"""Who asks for each worker asks so many times at once: one alone would be answered by one."""

_STREAK = 2
"""Probes that must be answered one after the other: each may reach another worker."""

_PROBE_PAUSE_SECONDS = 0.03
_STALL_SECONDS = STATEMENT_SECONDS + 1.5
"""Longer than a host waits for an answer: it gives its connections up."""

_STILL_SECONDS = LEASE_SECONDS + 2.0
"""Longer than others believe that a worker still does what it has begun."""

_PAUSE_SECONDS = 1.0
_BETWEEN_SECONDS = (0.1, 0.3)
_SWALLOW_SECONDS = 0.15
_SLOW_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long it took until a host was well again."""

    fault: str
    host: str
    seconds: float
    limit: float
    is_well: bool = True
    """By then; nobody waits for ever."""

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
    never_seconds: float = 2 * START_SECONDS
    """Who does not answer by then is stuck, however busy the machine."""
    recoveries: list[Recovery] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    struck_at: list[float] = field(default_factory=list)
    """When each fault began, from the first one on."""

    def __post_init__(self) -> None:
        self.luck = Random(f"nemesis {self.seed}")  # noqa: S311  # to be repeated
        self._client = Client(self.history, keeps_connections=False)
        self._aftermath: set[asyncio.Task[None]] = set()
        self._struck: set[Host] = set()
        """Those at which a fault goes on."""
        self._still: set[Hand] = set()
        self._one_outage = asyncio.Lock()
        """What strikes all hosts does so before or after one of them is waited for."""
        self._needs: dict[Strike, Callable[[], bool]] = {
            # "The others serve": there have to be others.
            **dict.fromkeys(self._lasting(), lambda: not self._struck),
            self.worker_killed: lambda: bool(self._whole()),
            self.worker_stalled: lambda: not self._struck and bool(self._whole()),
            self.worker_of_jobs_stalled: lambda: not self._still,
            self.process_of_jobs_killed: lambda: any(map(Hand.does_jobs, self._hands("worker"))),
        }

    async def rage(self) -> None:
        """Strike with every fault of the deck, in any order that the hosts' state allows."""
        deck = [strike for strike, count in self._deck().items() for _ in range(count)]
        self.luck.shuffle(deck)
        began = time.monotonic()
        try:
            while deck:
                strike = await self._next(deck)
                deck.remove(strike)
                self.faults[strike.__name__.replace("_", " ")] += 1
                self.struck_at.append(time.monotonic() - began)
                await strike()
                await asyncio.sleep(self.luck.uniform(*_BETWEEN_SECONDS))
            await asyncio.gather(*self._aftermath)
            await self.hear_all()
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

    def within(self, seconds: float) -> int:
        """How many faults have fallen in so many seconds."""
        return sum(each <= seconds for each in self.struck_at)

    def _lasting(self) -> tuple[Strike, ...]:
        return (
            self.supervisor_killed,
            self.line_to_postgres_stalled,
            self.line_to_postgres_slow,
            self.line_to_postgres_down,
            self.line_to_redis_stalled,
        )

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
        """As on a machine that is paused, or out of memory and not yet killing: what this one does
        beside its requests is taken by others before it goes on."""
        host = self.luck.choice(self._whole())
        self._lasts(host, self._worker_goes_on(host))

    async def supervisor_killed(self) -> None:
        """F2; the other hosts are struck meanwhile."""
        host, _ = self._any()
        self._lasts(host, self._supervisor_replaced(host))

    async def postgres_restarted(self) -> None:
        """F3, as after a crash: nobody is waited for, and the log is replayed."""
        async with self._one_outage:
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
        self._lasts(host, self._healed(host, lines.postgres, "a stalled line to PostgreSQL"))

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
        self._lasts(host, self._healed(host, lines.postgres, "a slow line to PostgreSQL"))

    async def line_to_postgres_down(self) -> None:
        """F4: a host alone is cut off from its database."""
        host, lines = self._any()
        await lines.postgres.refuse()
        self._lasts(host, self._healed(host, lines.postgres, "a line to PostgreSQL that was down"))

    async def redis_killed(self) -> None:
        """F9."""
        async with self._one_outage:
            await self.deployment.site.end_redis()
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.deployment.site.start_redis()
            await self.recover("Redis' absence", self._up(), DATABASE_SECONDS)

    async def line_to_redis_stalled(self) -> None:
        """F9."""
        host, lines = self._any()
        lines.redis.stall()
        self._lasts(host, self._healed(host, lines.redis, "a stalled line to Redis"))

    async def line_to_redis_cut(self) -> None:
        """F9."""
        host, lines = self._any()
        lines.redis.cut()
        await self.recover("a cut line to Redis", [host], DATABASE_SECONDS)

    async def redis_emptied(self) -> None:
        """F9."""
        async with self._one_outage:
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

    def _lasts(self, host: Host, fault: Coroutine[None, None, None]) -> None:
        """Have it go on at this host while the others are struck."""
        self._struck.add(host)
        self._later(self._goes_on_at(host, fault))

    async def _goes_on_at(self, host: Host, fault: Coroutine[None, None, None]) -> None:
        try:
            await fault
        finally:
            self._struck.discard(host)

    async def _healed(self, host: Host, line: Line, fault: str) -> None:
        try:
            await asyncio.sleep(_STALL_SECONDS)
        finally:
            await line.heal()
        async with self._one_outage:
            await self.recover(fault, [host], DATABASE_SECONDS)

    async def _worker_goes_on(self, host: Host) -> None:
        with host.worker_stopped() as pid:
            await asyncio.sleep(_STILL_SECONDS)
        async with self._one_outage:
            await self.recover("a stalled worker", [host], WORKER_SECONDS)
            await self._hear("a stalled worker, of itself", host, {pid}.intersection)

    async def hear_all(self) -> None:
        """Wait until each worker of each host answers, not only whichever is there first."""
        for host in self.deployment.hosts:
            await self._hear("all of it, each worker", host, set)

    async def _hear(
        self, fault: str, host: Host, chosen: Callable[[Sequence[int]], set[int]]
    ) -> None:
        began, heard = time.monotonic(), set[int | None]()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.never_seconds):
                while chosen(host.workers()) - heard:
                    asked = (self._client.worker(host) for _ in range(_AT_ONCE))
                    heard.update(await asyncio.gather(*asked))
        seconds, is_well = time.monotonic() - began, heard >= chosen(host.workers())
        self.recoveries.append(Recovery(fault, host.name, seconds, WORKER_SECONDS, is_well=is_well))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        self._aftermath.add(asyncio.create_task(work))

    async def _replaced(self, host: Host, began: float) -> None:
        await host.comes_to(lambda: host.is_whole, within=2 * START_SECONDS)
        seconds = time.monotonic() - began
        self.recoveries.append(
            Recovery("a killed worker, replaced", host.name, seconds, START_SECONDS)
        )

    async def _supervisor_replaced(self, host: Host) -> None:
        began = time.monotonic()
        await host.replace_supervisor()
        await self.recover("a killed supervisor", [host], START_SECONDS, since=began)

    async def recover(
        self, fault: str, hosts: Sequence[Host], limit: float, *, since: float | None = None
    ) -> None:
        """Wait until these hosts are well again, and write down how long it took since then."""
        began = time.monotonic() if since is None else since
        is_well = self._has_redis if "Redis" in fault else self._serves

        async def until(host: Host) -> None:
            streak = 0
            while streak < _STREAK and time.monotonic() - began < self.never_seconds:
                streak = streak + 1 if await is_well(host) else 0
                await asyncio.sleep(_PROBE_PAUSE_SECONDS)
            seconds = time.monotonic() - began
            self.recoveries.append(
                Recovery(fault, host.name, seconds, limit, is_well=streak == _STREAK)
            )

        await asyncio.gather(*map(until, hosts))

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
            [each for each in self.deployment.stricken if each[0] not in self._struck]
        )

    def _up(self) -> list[Host]:
        return [host for host, _ in self.deployment.stricken if host not in self._struck]
