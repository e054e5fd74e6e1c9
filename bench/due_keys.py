"""What keys cost when those of all tenants are due at once: ``python -m bench.due_keys 10000``.

First a server replaces them beside a neighbour's requests, as it does by itself. Then a process
that does nothing else replaces the rest. At last all data keys are sealed by another
key-encryption key, once killed half-way and once without.
"""

import asyncio
import base64
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from authgate import background, installation, provisioning
from authgate.jobs import RotateKeys
from authgate.settings import Settings
from bench import postgres, report
from bench.authgate_server import Installation, served
from bench.load import Load, Volley, drive
from bench.machine import Cores
from bench.scenarios.client_credentials import ClientCredentials
from bench.tenants import Tenant, made

_SLICES = 30
_WARM_UP_SECONDS = 15
_SLICE_SECONDS = 5
_COUNTED = 100
_AT_ONCE = 8
_AGE = """
UPDATE signing_keys SET published_at = published_at - interval '100 days',
  rotates_at = now() - interval '1 day'
"""
_OF_SOME = "WHERE tenant_id IN (SELECT id FROM tenants ORDER BY id LIMIT 100)"
_DUE = "SELECT count(*) FROM signing_keys WHERE state = 'active' AND rotates_at <= now()"
_KEK = "SELECT DISTINCT kek_id FROM tenant_data_keys"
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Slice:
    """What a neighbour met while so many tenants got another key."""

    load: Load
    rotated: int


def main(count: int) -> None:
    """Print all figures."""
    cores = Cores.of_this_machine()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        postgres.cluster(Path(folder), cores.database) as cluster,
    ):
        server = Installation("due keys", "uvicorn", Path(folder), cluster)
        cluster.create(server.database)
        server.command("migrate")
        [neighbour] = made(server, 1, 1)
        _python(server, "-m", "bench.due_keys", "--make", str(count))
        server.execute("ANALYZE")
        _say("made")
        print(_beside(server, neighbour, cores), flush=True)
        print(_alone(server), flush=True)
        print(_statements(server), flush=True)
        print(_sealed_anew(server, count), flush=True)


def _beside(server: Installation, neighbour: Tenant, cores: Cores) -> str:
    """The server replaces keys while a tenant asks for tokens at a steady pace."""
    volley = Volley(_SLICE_SECONDS, connections=8, core=cores.load, think_milliseconds=40)
    with served(server, cores) as processes:
        before = processes.largest_bytes()
        list(_slices(server, neighbour, replace(volley, seconds=_WARM_UP_SECONDS), 1))
        server.execute(_AGE)
        slices = list(_slices(server, neighbour, volley, _SLICES))
        after = processes.largest_bytes()
    rows = [
        (name, str(len(found)), *_middle(found), f"{sum(each.rotated for each in found):,}")
        for name, found in (
            ("no key is replaced", [each for each in slices if not each.rotated]),
            ("keys are replaced", [each for each in slices if each.rotated]),
        )
        if found
    ]
    memory = f"{before / _MEBIBYTE:.0f} MiB before, {after / _MEBIBYTE:.0f} MiB after"
    return report.table(("while", "slices", "p50 ms", "p99 ms", "keys"), rows) + f"\n{memory}"


def _slices(server: Installation, neighbour: Tenant, volley: Volley, many: int) -> Iterator[Slice]:
    due = int(server.execute(_DUE))
    for _ in range(many):
        load = drive([neighbour.asking(server.base_url)], ClientCredentials.expectation, volley)
        left = int(server.execute(_DUE))
        yield Slice(load, due - left)
        due = left


def _middle(slices: list[Slice]) -> tuple[str, str]:
    loads = [each.load for each in slices]
    return f"{median(x.p50 for x in loads):.1f}", f"{median(x.p99 for x in loads):.1f}"


def _alone(server: Installation) -> str:
    """A process that does nothing else replaces what is left."""
    done = _python(server, "-m", "bench.due_keys", "--replace")
    return done.stdout.strip()


def _statements(server: Installation) -> str:
    """What the database is asked for a tenant."""
    assert server.cluster is not None
    server.execute(_AGE + _OF_SOME)
    with server.cluster.asked(server.database) as statements:
        _python(server, "-m", "bench.due_keys", "--replace")
    return f"{len(statements) / _COUNTED:.1f} statements a tenant"


def _sealed_anew(server: Installation, count: int) -> str:
    first, former = _with_another_kek(server), server.execute(_KEK)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "authgate", "keys", "rewrap"],
        env={**os.environ, **first.environment},
        cwd=first.directory,
        start_new_session=True,
    )
    while (sealed := _sealed(server, former)) < count // 3 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = count - _sealed(server, former)
    killed = (
        f"killed after {time.monotonic() - began:.1f} s, when {sealed:,} were seen, {left:,} left"
    )
    first.command("keys", "rewrap")
    assert _sealed(server, former) == count
    second = _with_another_kek(first)
    began = time.monotonic()
    second.command("keys", "rewrap")
    seconds = time.monotonic() - began
    return (
        f"{killed}; went on to the end. {count:,} in {seconds:.1f} s, the command's start included"
    )


def _sealed(server: Installation, former: str) -> int:
    """How many data keys are sealed by another key-encryption key than the former one."""
    statement = f"SELECT count(*) FROM tenant_data_keys WHERE kek_id <> '{former}'"  # noqa: S608
    return int(server.execute(statement))


def _with_another_kek(server: Installation) -> Installation:
    kek = base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ["AUTHGATE_KEYS__RETIRED_KEKS"] = json.dumps([server.kek])
    return replace(server, kek=kek)


def _python(server: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **server.finding(root).environment},
        cwd=server.directory,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )


async def _make(count: int) -> None:
    """As many tenants, each with its keys, the first of which is there."""
    numbers = iter(range(2, count + 1))

    async def each() -> None:
        for number in numbers:
            await provisioning.add_tenant(parts, slug=f"t{number}", name=f"Tenant {number}")

    async with installation.opened(Settings()) as parts, asyncio.TaskGroup() as makers:
        for _ in range(_AT_ONCE):
            makers.create_task(each())


async def _replace() -> None:
    """Do the job until nothing is due, and tell what it took."""
    async with installation.opened(Settings()) as parts:
        job, began, rounds = background.performer(parts), time.monotonic(), 0
        idle = resource.getrusage(resource.RUSAGE_SELF)
        before = await _due(parts)
        while await _due(parts):
            await job.perform(RotateKeys(), tenant_id=None)
            rounds += 1
        used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - idle.ru_utime - idle.ru_stime
    seconds = time.monotonic() - began
    print(
        f"{before:,} tenants, {rounds} runs, {seconds:.1f} s, {cpu:.1f} s of processor time,"
        f" {(used.ru_maxrss - idle.ru_maxrss) / 1024:.0f} MiB more at the most"
    )


async def _due(parts: installation.Installation) -> int:
    from authgate.storage.sweep import due_keys

    found = await due_keys.tenants(parts.settings.database, now=parts.clock(), limit=1_000_000)
    return len(found)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--replace":
        asyncio.run(_replace())
    elif sys.argv[1] == "--make":
        asyncio.run(_make(int(sys.argv[2])))
    else:
        main(int(sys.argv[1]))
