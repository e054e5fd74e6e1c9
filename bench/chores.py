"""What operators look through, and what jobs cost that come again, with so many tenants.

``python -m bench.chores --jobs`` and ``--operator`` do their part inside the installation of the
environment.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from tortoise import connections

from authgate import background, provisioning
from authgate import installation as product
from authgate.jobs import Job, Performer, RollUpUsage
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.tokens.audiences import OPERATOR_API
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import use_tenant
from bench import report
from bench.authgate_server import Installation, served
from bench.exchange import Request, send, send_all
from bench.machine import Cores
from bench.scenario import WrongAnswer
from bench.site import Credentials

OPERATORS = "t1"
_TIMES = 150
_JOB_TIMES = 15
_BUSY_SECONDS = 5.0
"""Who goes on for so long had something to do, and stopped since a run is as long."""
_READS = (Scope.TENANTS_READ, Scope.SYSTEM_READ)
_PAGES = (
    ("first page of 50", "/tenants?limit=50"),
    ("second page", ""),
    ("by name", "/tenants?limit=50&sort=name"),
    ("those suspended", "/tenants?limit=50&status=suspended"),
    ("search for t77", "/tenants?limit=50&search=t77"),
    ("search for Tenant 77, by name", "/tenants?limit=50&search=Tenant+77&sort=name"),
    ("search for nobody", "/tenants?limit=50&search=zzzz"),
    ("state of the installation", "/system"),
)
_ROOT = Path(__file__).parents[1]
_AGO = {True: "datetime('now', '-{} days')", False: "now() - interval '{} days'"}
_MANY = 1_000
_BEGINS = "begins "
_DUE = (
    (
        "a month without statement",
        "UPDATE tenants SET created_at = {ago}",
        "SELECT count(*) FROM usage_statements",
    ),
    (
        "a day to be added up",
        "UPDATE usage_marks SET until = {ago}",
        "SELECT count(*) FROM usage_marks WHERE until < {lately}",
    ),
)
"""What makes it due, and what counts how often it was done."""


@dataclass(frozen=True, slots=True)
class Page:
    """One that operators look at, asked for many times, one after the other; milliseconds."""

    name: str
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float


@dataclass(frozen=True, slots=True)
class Chore:
    """A job that finds nothing due; milliseconds."""

    name: str
    p50: float
    slowest: float
    cpu: float
    statements: int | None = None
    """That PostgreSQL was asked, with those that begin, end and name a tenant."""


@dataclass(frozen=True, slots=True)
class Due:
    """A job that finds something due at every tenant, in one run of ten seconds."""

    name: str
    tenants: int
    cpu: float
    """Milliseconds of the process a tenant."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Chores:
    """All of it, with so many tenants."""

    tenants: int
    pages: Sequence[Page]
    jobs: Sequence[Chore]
    due: Sequence[Due]
    complaint: str = ""


def measure(installation: Installation, tenants: int, cores: Cores) -> Chores:
    """Pages first: jobs leave statements behind."""
    shown = pages(installation, cores)
    idle = jobs(installation)
    due = [_due_everywhere(installation, *each) for each in _DUE] if tenants > _MANY else []
    return Chores(tenants, shown, idle, due)


def table(found: Sequence[Chores]) -> str:
    """Pages, jobs that find nothing, and what is due at every tenant: a column a number."""
    return "\n\n".join(
        (
            _side_by_side("page", found, lambda one: [(x.name, _page(x)) for x in one.pages]),
            _side_by_side("job", found, lambda one: [(x.name, _chore(x)) for x in one.jobs]),
            _side_by_side("due", found, lambda one: [(x.name, _due_line(x)) for x in one.due]),
        )
    )


def _side_by_side(
    what: str, found: Sequence[Chores], lines: Callable[[Chores], list[tuple[str, str]]]
) -> str:
    columns = [dict(lines(each)) for each in found]
    names = dict.fromkeys(name for each in columns for name in each)
    return report.table(
        (what, *(f"{each.tenants:,}" for each in found)),
        [(name, *(each.get(name, "") for each in columns)) for name in names],
    )


def _page(each: Page) -> str:
    return f"{each.p50:.1f} / {each.p99:.1f} ({each.server_cpu:.1f} + {each.database_cpu:.1f})"


def _chore(each: Chore) -> str:
    asked = "" if each.statements is None else f", {each.statements}"
    return f"{each.p50:.1f} / {each.slowest:.1f} ({each.cpu:.1f}){asked}"


def _due_line(each: Due) -> str:
    return f"{each.tenants:,} in {each.seconds:.1f} s ({each.cpu:.1f})"


def pages(installation: Installation, cores: Cores) -> list[Page]:
    """What operators wait for, who are people of the first tenant."""
    serving = replace(installation, chosen={"AUTHGATE_OPERATOR_TENANT": OPERATORS})
    machine = Credentials(*json.loads(_python(serving, "--operator")))
    with served(serving, cores) as processes:
        issuer = f"{serving.base_url}/t/{OPERATORS}"
        database = serving.cluster.processes if serving.cluster else None
        scope = " ".join(each.value for each in _READS)
        form = {"grant_type": "client_credentials", "scope": scope, **machine.fields}
        token = send(Request.form(f"{issuer}/oauth/token", **form)).json()["access_token"]

        def asking(path: str) -> Request:
            url = f"{issuer}{OPERATOR_API}{path}"
            return Request.get(url).with_header("Authorization", f"Bearer {token}")

        first = send(asking(_PAGES[0][1])).json()
        found = []
        for name, path in _PAGES:
            cursor = first.get("next")
            if path or cursor:
                wanted = asking(path or f"/tenants?limit=50&cursor={cursor}")
                before = processes.seconds(), database.seconds() if database else 0.0
                times = list(_timed([wanted] * _TIMES))
                after = processes.seconds(), database.seconds() if database else 0.0
                cpu = [(b - a) / _TIMES * 1000 for a, b in zip(before, after, strict=True)]
                found.append(Page(name, median(times), _p99(times), *cpu))
        return found


def jobs(installation: Installation) -> list[Chore]:
    """What each job costs, nothing of which is due."""
    idle = [Chore(*each) for each in json.loads(_python(installation, "--jobs"))]
    if installation.cluster is None:
        return idle
    with installation.cluster.asked(installation.database) as statements:
        _python(installation, "--each")
    return [replace(each, statements=_asked_by(each.name, statements)) for each in idle]


def _asked_by(job: str, statements: Sequence[str]) -> int:
    begun = [place for place, line in enumerate(statements) if _BEGINS in line]
    for place, end in pairwise([*begun, len(statements)]):
        if f"{_BEGINS}{job}'" in statements[place]:
            return end - place - 1
    raise LookupError(job)


def _due_everywhere(installation: Installation, name: str, age: str, count: str) -> Due:
    days = _AGO[installation.is_sqlite]
    installation.execute(age.format(ago=days.format(40)))
    count = count.format(lately=days.format(2))
    before = int(installation.execute(count))
    cpu, seconds = json.loads(_python(installation, "--due"))
    done = abs(int(installation.execute(count)) - before)
    return Due(name, done, cpu / max(1, done) * 1000, seconds)


def _timed(requests: Sequence[Request]) -> Iterator[float]:
    before = time.perf_counter()
    for reply in send_all(requests):
        if reply.status != 200:
            raise WrongAnswer(f"{requests[0].url}: {reply.status} {reply.body[:200]!r}")
        after = time.perf_counter()
        yield (after - before) * 1000
        before = after


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98]


def _python(installation: Installation, what: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.chores", what],
        env={**os.environ, **installation.finding(_ROOT).environment},
        cwd=installation.directory,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


async def _operator() -> None:
    """A machine of the operators, and what it is called by."""
    async with product.opened(Settings()) as parts:
        tenant = await parts.resolver.find(OPERATORS)
        assert tenant is not None
        with use_tenant(tenant):
            machine = await provisioning.add_client(
                parts,
                ClientDraft(
                    name="operators' machine",
                    grant_types=["client_credentials"],
                    scopes=[each.value for each in _READS],
                ),
            )
    print(json.dumps([machine.client.client_id, machine.secret]))


async def _jobs() -> None:
    found = []
    async with product.opened(Settings()) as parts:
        performer = background.performer(parts)
        for each in background.schedule(parts.settings):
            while await _seconds(performer, each.job) > _BUSY_SECONDS:
                pass  # until whatever is due is done
            began = time.process_time()
            walls = [await _seconds(performer, each.job) * 1000 for _ in range(_JOB_TIMES)]
            cpu = (time.process_time() - began) / _JOB_TIMES * 1000
            found.append([type(each.job).__name__, median(walls), max(walls), cpu])
    print(json.dumps(found))


async def _seconds(performer: Performer, job: Job) -> float:
    began = time.perf_counter()
    await performer.perform(job, tenant_id=None)
    return time.perf_counter() - began


async def _each() -> None:
    """Each job once, after a statement that says which."""
    async with product.opened(Settings()) as parts:
        performer = background.performer(parts)
        for each in background.schedule(parts.settings):
            await performer.perform(each.job, tenant_id=None)
        for each in background.schedule(parts.settings):
            name = type(each.job).__name__
            await connections.get("default").execute_query(f"SELECT '{_BEGINS}{name}'")
            await performer.perform(each.job, tenant_id=None)
        await connections.get("default").execute_query(f"SELECT '{_BEGINS}'")


async def _due() -> None:
    """One run of what adds usage up, and what it took of the processor and of the clock."""
    async with product.opened(Settings()) as parts:
        performer = background.performer(parts)
        began, cpu = time.perf_counter(), time.process_time()
        await performer.perform(RollUpUsage(), tenant_id=None)
        print(json.dumps([time.process_time() - cpu, time.perf_counter() - began]))


_PARTS: dict[str, Callable[[], object]] = {
    "--operator": lambda: asyncio.run(_operator()),
    "--jobs": lambda: asyncio.run(_jobs()),
    "--each": lambda: asyncio.run(_each()),
    "--due": lambda: asyncio.run(_due()),
}

if __name__ == "__main__":
    _PARTS[sys.argv[1]]()
