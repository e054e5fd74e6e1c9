"""A PostgreSQL cluster for the run."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncpg import PostgresError

from authgate_testing.processes import (
    LOOPBACK,
    Service,
    kept_up,
    service_account,
    service_folder,
)
from authgate_testing.programs import find
from authgate_testing.superuser import Superuser

SUPERUSER = "postgres"
_PACKAGE = "postgresql"
_INITIALISE = ("-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")


class PostgresRefused(Exception):
    """PostgreSQL refused a statement that prepares a test."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL server; every role connects from loopback without a password."""

    port: int
    superuser: Superuser | None = None
    """Who makes and drops databases; without it ``psql`` does."""

    def dsn(self, database: str, *, user: str = SUPERUSER, password: str | None = None) -> str:
        """Address a database as a role of your choice."""
        who = user if password is None else f"{user}:{password}"
        return f"postgres://{who}@{LOOPBACK}:{self.port}/{database}"

    def superuser_dsn(self, database: str = "postgres") -> str:
        """Address a database as the superuser, whom row-level security doesn't hold."""
        return self.dsn(database)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database, empty or as a copy of an idle one; return the superuser's DSN."""
        # Files that are copied are gone sooner, too: no page of them waits in memory to be written.
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.superuser_dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and whoever is connected to it."""
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        if self.superuser is None:
            self.execute(statement)
            return
        try:
            self.superuser.execute(statement)
        except PostgresError as error:
            raise PostgresRefused(str(error)) from error

    def slow_commits(self, database: str, *, table: str, seconds: float) -> None:
        """Let each COMMIT that has added rows to a table take its time for each of them."""
        self.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$",
            f"CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slowly()",
            database=database,
        )

    def execute(self, *statements: str, database: str = "postgres") -> list[str]:
        """Run statements as the superuser, each on its own; return the lines they answer."""
        each = [part for statement in statements for part in ("-c", statement)]
        return _psql(self.superuser_dsn(database), each)


def postgres_answers(dsn: str) -> bool:
    """Tell whether a server (or a pooler in front of it) runs statements yet."""
    try:
        return _psql(dsn, ["-c", "SELECT 1"]) == ["1"]
    except PostgresRefused:
        return False


@contextmanager
def postgres_running() -> Iterator[PostgresServer]:
    """Make a cluster and run a server on it."""
    with postgres_service() as service:
        superuser = Superuser(PostgresServer(port=service.port).superuser_dsn())
        try:
            yield PostgresServer(port=service.port, superuser=superuser)
        finally:
            superuser.close()


@contextmanager
def postgres_service() -> Iterator[Service]:
    """The same, for tests that end the server and start it again."""
    account = service_account()  # PostgreSQL refuses to run as root
    with service_folder("postgres", owner=account) as folder:
        _initialise(folder, account)
        service = Service(
            lambda port: _server_command(folder, port),
            answers=lambda port: postgres_answers(PostgresServer(port=port).superuser_dsn()),
            log=folder / "server.log",
            account=account,
        )
        # "Fast": does not wait for clients to leave.
        with kept_up(service, stop_signal=signal.SIGINT):
            yield service


def _server_command(folder: Path, port: int) -> Sequence[str | Path]:
    settings = (
        f"listen_addresses={LOOPBACK}",
        f"port={port}",
        "unix_socket_directories=",
        "max_connections=200",
        "timezone=UTC",
    )
    options = [part for setting in settings for part in ("-c", setting)]
    return [find("postgres", package=_PACKAGE), "-D", folder / "data", *options]


def _initialise(folder: Path, account: str | None) -> None:
    outcome = subprocess.run(
        [find("initdb", package=_PACKAGE), "-D", folder / "data", *_INITIALISE],
        cwd=folder,
        user=account,
        extra_groups=None if account is None else [],
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise PostgresRefused(f"initdb failed:\n{outcome.stderr}")


def _psql(dsn: str, arguments: Sequence[str]) -> list[str]:
    outcome = subprocess.run(
        [
            find("psql", package="postgresql-client"),
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={dsn}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise PostgresRefused(outcome.stderr.strip())
    return outcome.stdout.splitlines()
