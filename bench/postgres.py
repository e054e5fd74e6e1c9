"""A PostgreSQL cluster of the measurement's own: made, used and thrown away."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import ProcessTree
from bench.machine import pinned
from bench.servers import DidNotStart, free_port, tail

_START_SECONDS = 30
_SETTINGS = {
    # Commits are durable, as they are in production; the rest gives the rows room.
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}

_STATEMENT = re.compile(r" LOG:  (statement|execute [^:]*): ")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster that trusts its superuser on the loopback."""

    port: int
    processes: ProcessTree
    bin: Path
    log: Path

    def url(self, database: str, *, role: str = "postgres") -> str:
        """Where *role* reaches *database*."""
        return f"postgres://{role}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template1") -> None:
        """Make a database, empty or a copy of *template*."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run *statement* as the superuser and give what it prints, unadorned."""
        command = [str(self.bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(
            [*command, self.url(database)], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    @contextmanager
    def asked(self, database: str) -> Iterator[list[str]]:
        """The first lines of the statements that *database* is asked by those who connect to it
        while the block lasts; they are there afterwards."""
        self.execute(f"ALTER DATABASE \"{database}\" SET log_statement = 'all'")
        before, statements = self.log.stat().st_size, list[str]()
        yield statements
        self.execute(f'ALTER DATABASE "{database}" RESET log_statement')
        told = self.log.read_bytes()[before:].decode(errors="replace")
        statements += [line for line in told.splitlines() if _STATEMENT.search(line)]


def version() -> str:
    """The release that a cluster will be of."""
    command = [str(_binaries() / "postgres"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[2]


@contextmanager
def cluster(directory: Path, cores: Sequence[int]) -> Iterator[Cluster]:
    """A fresh cluster in *directory*, held to *cores*, while the block lasts."""
    binaries, port = _binaries(), free_port()
    data = directory / "postgres"
    data.mkdir()
    user = _unprivileged(data)
    _initialise(binaries, data, user)
    log = directory / "postgres.log"
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-k", str(data)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(command, *cores), stdout=output, stderr=subprocess.STDOUT, user=user
        )
    try:
        running = Cluster(port, ProcessTree(process.pid), binaries, log)
        _wait_until_ready(running, process, log)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _binaries() -> Path:
    """The newest installed server; Debian keeps it off the path."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not versions:
        raise DidNotStart("PostgreSQL is not installed")
    return versions[-1].parent


def _unprivileged(data: Path) -> str | None:
    """Who runs the server: it refuses root."""
    if os.getuid():
        return None
    shutil.chown(data, "postgres")
    data.parent.chmod(0o755)
    return "postgres"


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    command = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    subprocess.run([*command, "--locale=C"], check=True, stdout=subprocess.DEVNULL, user=user)


def _wait_until_ready(running: Cluster, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        command = [
            str(running.bin / "pg_isready"),
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(running.port),
        ]
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise DidNotStart(tail(log))
