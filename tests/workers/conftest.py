"""Workers as an operator runs them: programs of their own, on a real broker and database."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import SecretStr

from authgate import background
from authgate.clock import utc_now
from authgate.jobs.celery_queue import CeleryQueue
from authgate.settings import DatabaseSettings, JobSettings, KeySettings, Settings
from authgate.telemetry.tracing import UNTRACED, Tracer
from authgate_testing import PostgresServer, RedisServer
from authgate_testing.expired_rows import ExpiredRows, store_expired_rows
from authgate_testing.nursery.program import MAY_BE_BORN

_Database = tuple[DatabaseSettings, Callable[[], AbstractContextManager[None]]]

_BROKER = 9
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A running worker or beat, and what it logs."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]

    def said(self, event: str) -> int:
        """How often it has logged an event that begins like this."""
        return sum(line["event"].startswith(event) for line in self.lines)

    def child(self) -> int:
        """The process of the pool."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])

    def kill(self) -> None:
        """End it with all its processes, as a machine does that loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def leave(self) -> int:
        """Tell it to go; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass(frozen=True, slots=True)
class Crew:
    """An installation whose jobs are done by workers."""

    settings: Settings
    folder: Path
    outage: Callable[[], AbstractContextManager[None]]
    """A while in which nobody can connect to the database."""
    beforehand: str = ""
    """A statement that each worker and beat begins with."""

    @contextmanager
    def running(self, *command: str, **environment: str) -> Iterator[Program]:
        """Run a program of the installation's."""
        log = self.folder / f"{uuid4().hex}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdout=output,
                stderr=output,
                env=_environment(self.settings)
                | {"AUDIT_JSONL_FOLDER": str(self.folder)}
                | environment,
                cwd=self.folder,
                start_new_session=True,
            )
        program = Program(process, log)
        try:
            yield program
        finally:
            if process.poll() is None:
                program.leave()

    @contextmanager
    def worker(self, **environment: str) -> Iterator[Program]:
        """``authgate worker``, with one process in its pool."""
        with self.running("-c", self._run("worker"), **environment) as program:
            yield program

    @contextmanager
    def beat(self, **environment: str) -> Iterator[Program]:
        """``authgate beat``."""
        with self.running("-c", self._run("beat"), **environment) as program:
            yield program

    def _run(self, what: str) -> str:
        function = {"worker": "run_worker(Settings(), processes=1)", "beat": "run_beat(Settings())"}
        return (
            f"{MAY_BE_BORN}{self.beforehand}import sys; from authgate.settings import Settings;"
            " from authgate_workers.run import run_beat, run_worker;"
            f" sys.exit({function[what]})"
        )

    def queue(self, tracer: Tracer = UNTRACED) -> CeleryQueue:
        """What the server sends its jobs by."""
        return CeleryQueue(self.settings, background.envelopes(self.settings), tracer=tracer)

    async def rows(self) -> ExpiredRows:
        """Store rows that are over and rows that are not."""
        return await store_expired_rows(self.settings.database, now=utc_now())


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.redis_url is not None
    assert settings.keys.kek is not None
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AUTHGATE_")},
        "AUTHGATE_DATABASE__URL": settings.database.url.get_secret_value(),
        "AUTHGATE_REDIS_URL": settings.redis_url.get_secret_value(),
        "AUTHGATE_KEYS__KEK": settings.keys.kek.get_secret_value(),
        "AUTHGATE_JOBS__RUNNER": "celery",
        "AUTHGATE_JOBS__CLEANUP_BATCH": str(settings.jobs.cleanup_batch),
        "AUTHGATE_JOBS__CLEANUP_SECONDS": str(settings.jobs.cleanup_seconds),
        "AUTHGATE_TRACING__ENDPOINT": settings.tracing.endpoint,
        "AUTHGATE_TRACING__SAMPLE_RATIO": str(settings.tracing.sample_ratio),
        **_heartbeat(settings),
        **_metrics_port(settings),
    }


def _metrics_port(settings: Settings) -> dict[str, str]:
    port = settings.jobs.metrics_port
    return {"AUTHGATE_JOBS__METRICS_PORT": str(port)} if port is not None else {}


def _heartbeat(settings: Settings) -> dict[str, str]:
    file = settings.jobs.heartbeat_file
    return {"AUTHGATE_JOBS__HEARTBEAT_FILE": str(file)} if file else {}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def crew(
    request: pytest.FixtureRequest,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Crew]:
    """An installation on each kind of database."""
    folder = tmp_path_factory.mktemp("crew")
    with _database(request, folder) as (database, outage):
        redis_server.flush(_BROKER)
        settings = Settings(
            database=database,
            redis_url=SecretStr(redis_server.url(_BROKER)),
            keys=KeySettings(kek=SecretStr(secrets.token_hex(32))),
            # Small, so that a job takes long enough to be killed in the middle of it.
            jobs=JobSettings(runner="celery", cleanup_batch=5, cleanup_seconds=0.5),
        )
        yield Crew(settings, folder, outage)


@contextmanager
def _database(request: pytest.FixtureRequest, folder: Path) -> Iterator[_Database]:
    if request.param == "sqlite":
        file = folder / "authgate.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield DatabaseSettings(url=SecretStr(f"sqlite://{file}")), lambda: _without(file)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"crew_{uuid4().hex}"
    server.create_database(name, template=request.getfixturevalue("postgres_template"))
    url = SecretStr(server.dsn(name, user="authgate_app"))
    yield DatabaseSettings(url=url), lambda: _closed(server, name)
    server.drop_database(name)


@contextmanager
def _without(file: Path) -> Iterator[None]:
    aside = file.rename(file.with_suffix(".aside"))
    file.mkdir()
    yield
    file.rmdir()
    aside.rename(file)


@contextmanager
def _closed(server: PostgresServer, name: str) -> Iterator[None]:
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    yield
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.fixture(scope="module")
def worker(crew: Crew) -> Iterator[Program]:
    """A worker, started by Celery's own command."""
    command = ("-m", "celery", "-A", "authgate_workers.app", "worker", "--concurrency", "1")
    # One job removes all there is, however slow the machine is: no beat sends another.
    jobs = crew.settings.jobs.model_copy(update={"cleanup_seconds": 60.0})
    patient = replace(crew, settings=crew.settings.model_copy(update={"jobs": jobs}))
    with patient.running(*command) as program:
        yield program
        assert program.leave() == 0


@pytest.fixture(name="until")
def _until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait for something to become true, or fail."""

    async def until(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await condition():  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.05)

    return until
