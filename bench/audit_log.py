"""What a long audit log costs: ``python -m bench.audit_log 1000000``.

On PostgreSQL and on SQLite: events happen, and a server that gives out tokens meanwhile seals them.
Then commands check the log and write it into a file, with the memory that they take at the most.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from uuid import uuid4

from uuid_utils.compat import uuid7

from authgate import installation as product
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import NewEvent
from authgate.vocabulary import Severity
from authgate_tenants import use_tenant
from authgate_tenants.lifecycle import all_tenants
from bench import postgres, report
from bench.authgate_server import Installation, served
from bench.load import Volley, drive
from bench.machine import Cores
from bench.postgres import Cluster
from bench.scenarios.client_credentials import ClientCredentials
from bench.tenants import Tenant, made

_ROOT = Path(__file__).parents[1]
_AT_ONCE = 500
_BESIDE = 100_000
"""Events that happen while a server is busy, and are then checked."""
_NEWEST = 500
"""Of a busy server some are always about to be sealed."""
_SLICE_SECONDS = 3
_MEBIBYTE = 2**20
_SLUG = "t1"
_UNSEALED = "SELECT count(*) FROM audit_events WHERE seq IS NULL"
_EVENTS = "SELECT count(*) FROM audit_events"


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has come to its end."""

    seconds: float
    cpu: float
    most_bytes: int

    def besides(self, idle: "Ended") -> "Ended":
        """The same without what it takes to do nothing."""
        return replace(self, seconds=self.seconds - idle.seconds, cpu=self.cpu - idle.cpu)


def main(count: int) -> None:
    """Print all figures."""
    cores = Cores.of_this_machine()
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        postgres.cluster(Path(folder), cores.database) as cluster,
    ):
        for name, place in (("PostgreSQL", cluster), ("SQLite", None)):
            rows.append((name, *_figures(name, Path(folder), place, count, cores)))
            print(*rows[-1], file=sys.stderr, flush=True)
    head = (
        "storage", "sealed/s beside load", "p99 ms", "p99 ms beside", "checked/s", "µs CPU/event",
        "events in a file", "s", "µs CPU/event", "MiB at rest", "MiB at most",
    )  # fmt: skip
    print(report.table(head, rows))


def _figures(
    name: str, folder: Path, place: Cluster | None, count: int, cores: Cores
) -> tuple[str, ...]:
    home = folder / f"log_{name}"
    home.mkdir()
    installation = Installation(f"log {name}", "uvicorn", home, place)
    if place:
        place.create(installation.database)
    installation.command("migrate")
    tenant, other = made(installation, 1, 2)
    sealing = _sealed_beside(installation, tenant, cores)
    until = int(installation.execute(_EVENTS))
    verify = ("-m", "authgate", "audit", "verify", "--tenant")
    idle = _ended(installation, *verify, other.slug)
    checked = _ended(installation, *verify, tenant.slug).besides(idle)
    with _started(installation, "--write", str(count - until)):
        pass
    file = home / "log.jsonl"
    written = _ended(
        installation,
        *("-m", "authgate", "audit", "export", "--tenant", tenant.slug),
        *("--format", "jsonl", "--output", str(file)),
    )
    with file.open("rb") as lines:
        there = sum(1 for _ in lines)
    return (
        *sealing,
        f"{until / checked.seconds:,.0f}",
        f"{checked.cpu / until * 1e6:.1f}",
        f"{there:,}",
        f"{written.seconds:.0f}",
        f"{written.cpu / there * 1e6:.1f}",
        f"{idle.most_bytes / _MEBIBYTE:.0f}",
        f"{written.most_bytes / _MEBIBYTE:.0f}",
    )


def _sealed_beside(
    installation: Installation, tenant: Tenant, cores: Cores
) -> tuple[str, str, str]:
    """Events a second that happen and are sealed, and the p99 of a server's requests before and
    meanwhile. The server seals by itself, as it does."""
    volley = Volley(_SLICE_SECONDS, connections=4, core=cores.load, think_milliseconds=20)
    with served(installation, cores):
        request = tenant.asking(installation.base_url)
        drive([request], ClientCredentials.expectation, volley)  # warm
        before = drive([request], ClientCredentials.expectation, volley)
        began, meanwhile = time.monotonic(), []
        with _started(installation, "--write", str(_BESIDE)) as writer:
            while writer.poll() is None or int(installation.execute(_UNSEALED)) > _NEWEST:
                meanwhile.append(drive([request], ClientCredentials.expectation, volley))
        rate = _BESIDE / (time.monotonic() - began)
    return f"{rate:,.0f}", f"{before.p99:.1f}", f"{median(each.p99 for each in meanwhile):.1f}"


def _started(installation: Installation, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.audit_log", *arguments],
        env=_environment(installation),
        cwd=installation.directory,
    )


def _environment(installation: Installation) -> dict[str, str]:
    return {**os.environ, **installation.finding(_ROOT).environment}


def _ended(installation: Installation, *arguments: str) -> Ended:
    """What it took to run this to its end, its start included."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=_environment(installation),
        cwd=installation.directory,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    seconds = time.monotonic() - began
    return Ended(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


async def _write(count: int) -> None:
    """Have so many events happen at the tenant."""
    async with product.opened(Settings()) as parts:
        [tenant] = [row async for row in all_tenants() if row.slug == _SLUG]
        with use_tenant(parts.resolver.addressed(tenant)):
            for start in range(0, count, _AT_ONCE):
                many = min(_AT_ONCE, count - start)
                await audit_events.append(*(_event() for _ in range(many)))


def _event() -> NewEvent:
    return NewEvent(
        id=str(uuid7()),
        event_type=Event.ACCESS_TOKEN_ISSUED,
        severity=Severity.INFO,
        occurred_at=utc_now(),
        success=True,
        actor_type="client",
        actor_id="machine",
        actor_name="machine",
        client_id="machine",
        resource_type="token",
        resource_id=str(uuid4()),
        ip="192.0.2.7",
        user_agent="bench/1",
        request_id=uuid4().hex,
        session_id="",
        details={"scope": "read", "grant_type": "client_credentials"},
    )


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        asyncio.run(_write(int(sys.argv[2])))
    else:
        main(int(sys.argv[1]))
