"""What a tenant's flood does to its neighbour: ten times its quota, and nothing, in turn.

A second slice without a flood tells what noise alone makes of the ratio.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import redis, report
from bench.authgate_server import Installation, served
from bench.exchange import Request
from bench.load import Expectation, Load, Volley, drive
from bench.machine import Cores
from bench.postgres import Cluster
from bench.scenarios.client_credentials import ClientCredentials
from bench.slices import Round
from bench.tenants import made

QUOTA = 50
"""Requests a second of one client, as is the default."""

_TIMES = 10
_LINES = 8
_THINK_MILLISECONDS = 20
_BEGUN_SECONDS = 1
"""After so long a flood has used up its burst, which is part of the quota."""
_REFUSED = Expectation(429, ("",))
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class FloodRound(Round):
    """A round of a quiet tenant, and what the flood met in the middle slice."""

    refused: int
    let_in: int
    seconds: float
    """How long the flood lasted."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Two tenants of one server on one kind of storage."""

    name: str
    rounds: tuple[FloodRound, ...]

    @property
    def complaint(self) -> str:
        """Why this must not be used."""
        wrong = sum(each.wrong for each in self.rounds)
        if wrong:
            return f"{self.name}: {wrong} wrong answers to the quiet tenant"
        too_few = any(each.refused < each.let_in for each in self.rounds)
        return f"{self.name}: the flood was let in" if too_few else ""

    def middle(self, figure: Callable[[FloodRound], float]) -> float:
        """The median of *figure* over the rounds."""
        return median(map(figure, self.rounds))


def measure(
    rounds: int,
    seconds: int,
    *,
    cluster: Cluster,
    directory: Path,
    cores: Cores,
    say: Callable[[str], None],
) -> list[Neighbourhood]:
    """A server on PostgreSQL and Redis, then one as it is when nothing is set up."""
    found = []
    with redis.running(cores.database) as redis_url:
        chosen = {"AUTHGATE_REDIS_URL": redis_url}
        for name, place in (("PostgreSQL, Redis", cluster), ("SQLite", None)):
            home = directory / name.replace(", ", "_")
            home.mkdir()
            settings = chosen if place else {}
            installation = Installation(name, "hypercorn", home, place, chosen=settings)
            with _tenants(installation, cores) as (noisy, quiet):
                turns = tuple(_turns(noisy, quiet, rounds, seconds, cores))
            found.append(Neighbourhood(name, turns))
            say(f"neighbours: {name}")
    return found


def table(found: Sequence[Neighbourhood]) -> str:
    """A line for each storage; ratios are those of rounds, the middle one."""
    head = (
        "storage", "requests beside", "p50 ms", "p99 ms", "flood/s", "refused",
        "p50 ms beside", "p99 ms beside", "p99 ratio", "noise alone",
    )  # fmt: skip
    return report.table(head, list(map(_line, found)))


def _line(each: Neighbourhood) -> tuple[str, ...]:
    flood = [(turn.refused + turn.let_in) / turn.seconds for turn in each.rounds]
    refused = sum(turn.refused for turn in each.rounds)
    let_in = sum(turn.let_in for turn in each.rounds)
    return (
        each.name,
        f"{sum(turn.beside.requests for turn in each.rounds):,}",
        f"{each.middle(lambda turn: turn.before.p50):.2f}",
        f"{each.middle(lambda turn: turn.before.p99):.2f}",
        f"{median(flood):.0f}",
        f"{refused / (refused + let_in):.0%}",
        f"{each.middle(lambda turn: turn.beside.p50):.2f}",
        f"{each.middle(lambda turn: turn.beside.p99):.2f}",
        f"{each.middle(lambda turn: turn.ratio):.2f}",
        f"{each.middle(lambda turn: turn.noise):.2f}",
    )


@contextmanager
def _tenants(installation: Installation, cores: Cores) -> Iterator[tuple[Request, Request]]:
    """What a noisy tenant's machine asks, and a quiet one's."""
    if installation.cluster:
        installation.cluster.create(installation.database)
    installation.command("migrate")
    noisy, quiet = made(installation, 1, 2)
    limit = f"login_limits.token_per_client={QUOTA}/s burst {QUOTA}"
    installation.command("tenant", "set", noisy.slug, limit)
    with served(installation, cores):
        yield noisy.asking(installation.base_url), quiet.asking(installation.base_url)


def _turns(
    noisy: Request, quiet: Request, rounds: int, seconds: int, cores: Cores
) -> Iterator[FloodRound]:
    volley = Volley(seconds, _LINES, cores.load, think_milliseconds=_THINK_MILLISECONDS)
    # As many connections, of which each has so long from one request to the next.
    pause = 1000 * _LINES / (_TIMES * QUOTA)
    flood = Volley(seconds + 2 * _BEGUN_SECONDS, _LINES, cores.load, think_milliseconds=pause)

    def asked() -> Load:
        return drive([quiet], ClientCredentials.expectation, volley)

    with ThreadPoolExecutor() as threads:
        asked()  # warm
        for _ in range(rounds):
            before = asked()
            flooding = threads.submit(drive, [noisy], _REFUSED, flood)
            time.sleep(_BEGUN_SECONDS)
            beside = asked()
            met = flooding.result()
            after, served = asked(), met.requests - met.wrong
            yield FloodRound(before, beside, after, served, met.wrong, met.seconds)
