"""What tenants cost: the same server with one of them, with a hundred, with ten thousand.

Databases grow from one to the next by the product's own functions. A request is cold when it is the
first for its tenant in this process; a warm one is answered by what the process remembers.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench import chores, report
from bench.authgate_server import Installation, served
from bench.chores import Chores
from bench.exchange import Request, send_all
from bench.machine import Cores
from bench.measure import Plan, Result, Sample, compare
from bench.postgres import Cluster
from bench.rivals import Rival
from bench.scenario import WrongAnswer
from bench.scenarios.client_credentials import ClientCredentials, token_request
from bench.servers import tail
from bench.site import Credentials, Site

SIZES = (1, 100, 1_000, 10_000)
_ROOT = Path(__file__).parents[1]
_COLD = 50
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Crowd:
    """What one number of tenants costs; memory is the worker's, the process that serves them."""

    tenants: int
    boot_seconds: float
    boot_bytes: int
    cold_milliseconds: tuple[float, ...]
    served_bytes: int
    """Once every tenant has been served."""
    warm: Result
    """One tenant's requests."""
    in_turn: Result
    """A request of each tenant in turn: the worst that can happen to what is remembered."""

    @property
    def complaint(self) -> str:
        """Why this must not be used."""
        return self.warm.complaint or self.in_turn.complaint


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant and its machine."""

    slug: str
    machine: Credentials

    def site(self, base_url: str) -> Site:
        return Site(issuer=f"{base_url}/t/{self.slug}", machine=self.machine)

    def asking(self, base_url: str) -> Request:
        """Its machine's request, made without a look at the tenant's metadata."""
        return token_request(f"{base_url}/t/{self.slug}/oauth/token", self.machine)


@dataclass(frozen=True, slots=True)
class _Grown:
    """A server that has served all of its tenants once."""

    rival: Rival
    requests: Sequence[Request]
    """One of each tenant."""
    boot_seconds: float
    boot_bytes: int
    cold_milliseconds: Sequence[float]
    served_bytes: int


class _OneTenant(ClientCredentials):
    """The same tenant over and over."""

    name = "one tenant"


class _AllTenants(ClientCredentials):
    """Each tenant in turn."""

    name = "all tenants in turn"

    def __init__(self, grown: Sequence[_Grown]) -> None:
        self._requests = {each.rival.site.issuer: tuple(each.requests) for each in grown}

    def requests(self, site: Site) -> tuple[Request, ...]:
        return self._requests[site.issuer]


def measure(
    sizes: Sequence[int],
    plan: Plan,
    *,
    cluster: Cluster | None,
    directory: Path,
    cores: Cores,
    say: Callable[[str], None],
) -> tuple[list[Crowd], list[Chores]]:
    """A server for each of *sizes*, the smallest first, and all of them asked in turn."""
    # All of them first: a database that is in use can't be copied.
    installations = list(_installations(sizes, cluster, directory, say))
    with ExitStack() as stack:
        grown = [stack.enter_context(_grown(*each, cores)) for each in installations]
        rivals = [each.rival for each in grown]
        warm = compare(_OneTenant(), rivals, plan, say)
        in_turn = compare(_AllTenants(grown), rivals, plan, say)
    crowds = [_crowd(*each) for each in zip(grown, warm, in_turn, strict=True)]
    say(table(crowds))
    done = [chores.measure(there, len(tenants), cores) for there, tenants in installations]
    return crowds, done


def table(crowds: Sequence[Crowd]) -> str:
    """A line for each number of tenants; ratios are to the first line, round by round."""
    head = (
        "tenants", "start s", "MiB", "MiB, all served", "cold ms", "slowest", "warm p50 ms",
        "p99 ms", "p50 ratio", "CPU ratio", "in turn p50 ms", "CPU ratio",
    )  # fmt: skip
    return report.table(head, [_line(each, crowds[0]) for each in crowds])


def _line(each: Crowd, first: Crowd) -> tuple[str, ...]:
    if each.complaint or first.complaint:
        return (f"{each.tenants:,}", "failed", *[""] * 10)
    return (
        f"{each.tenants:,}",
        f"{each.boot_seconds:.1f}",
        f"{each.boot_bytes / _MEBIBYTE:,.0f}",
        f"{each.served_bytes / _MEBIBYTE:,.0f}",
        f"{median(each.cold_milliseconds):.0f}",
        f"{max(each.cold_milliseconds):.0f}",
        f"{each.warm.middle(_p50):.1f}",
        f"{each.warm.middle(lambda sample: sample.load.p99):.1f}",
        f"{each.warm.ratio(first.warm, _p50):.2f}",
        f"{each.warm.ratio(first.warm, _cpu):.2f}",
        f"{each.in_turn.middle(_p50):.1f}",
        f"{each.in_turn.ratio(first.in_turn, _cpu):.2f}",
    )


def _p50(sample: Sample) -> float:
    return sample.load.p50


def _cpu(sample: Sample) -> float:
    return sample.server_cpu / sample.load.requests


def _crowd(grown: _Grown, warm: Result, in_turn: Result) -> Crowd:
    return Crowd(
        tenants=len(grown.requests),
        boot_seconds=grown.boot_seconds,
        boot_bytes=grown.boot_bytes,
        cold_milliseconds=tuple(grown.cold_milliseconds),
        served_bytes=grown.served_bytes,
        warm=warm,
        in_turn=in_turn,
    )


def _installations(
    sizes: Sequence[int], cluster: Cluster | None, directory: Path, say: Callable[[str], None]
) -> Iterator[tuple[Installation, Sequence[Tenant]]]:
    """Each is the one before with more tenants in it."""
    tenants: list[Tenant] = []
    installation = Installation("no tenants", "uvicorn", directory, cluster)
    if cluster:
        cluster.create(installation.database)
    installation.command("migrate")
    for size in sizes:
        home = directory / f"{size}_tenants"
        home.mkdir()
        installation = installation.copied(f"{size} tenants", home)
        tenants = [*tenants, *made(installation, len(tenants) + 1, size)]
        installation.execute("ANALYZE")
        say(f"{size:,} tenants made")
        yield installation, tenants


def made(installation: Installation, first: int, last: int) -> list[Tenant]:
    """Tenants of *installation* with these numbers, both included."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.many_tenants", str(first), str(last)],
        env={**os.environ, **installation.finding(_ROOT).environment},
        cwd=installation.directory,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    # What it logs goes there as well.
    told = (json.loads(line) for line in done.stdout.splitlines() if line.startswith('["'))
    return [Tenant(slug, Credentials(*machine)) for slug, *machine in told]


@contextmanager
def _grown(installation: Installation, tenants: Sequence[Tenant], cores: Cores) -> Iterator[_Grown]:
    requests = [each.asking(installation.base_url) for each in tenants]
    began = time.monotonic()
    with served(installation, cores) as server:
        boot_seconds, boot_bytes = time.monotonic() - began, server.largest_bytes()
        cold = _first_answers(requests, installation.directory / "server.log")
        yield _Grown(
            rival=Rival(
                installation.name,
                tenants[0].site(installation.base_url),
                server,
                database=installation.cluster.processes if installation.cluster else None,
                stored_tokens=installation.stored_tokens,
            ),
            requests=requests,
            boot_seconds=boot_seconds,
            boot_bytes=boot_bytes,
            # The process itself is cold at its very first request.
            cold_milliseconds=cold[1 : _COLD + 1] or cold,
            served_bytes=server.largest_bytes(),
        )


def _first_answers(requests: Sequence[Request], log: Path) -> list[float]:
    """Milliseconds until each is answered."""
    times = [time.perf_counter()]
    for reply in send_all(requests):
        if reply.status != 200:
            raise WrongAnswer(f"cold: {reply.status} {reply.body[:200]!r}\n{tail(log, 60)}")
        times.append(time.perf_counter())
    return [(after - before) * 1000 for before, after in pairwise(times)]
