"""``authgate doctor`` on the database: SQLite's file, PostgreSQL's server, line and roles."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from authgate.settings import DatabaseSettings
from authgate_testing import PgBouncer, PostgresServer
from authgate_testing.command import Use
from authgate_testing.doctor import Doctor
from authgate_testing.guarded_postgres import ANYWHERE, GuardedPostgres
from authgate_testing.migrations import MIGRATIONS
from authgate_testing.processes import free_port
from authgate_testing.programs import find
from authgate_testing.relay import relayed


def test_a_database_that_is_away_is_found(doctor: Doctor) -> None:
    at = f"127.0.0.1:{free_port()}/authgate"
    os.environ["AUTHGATE_DATABASE__URL"] = f"postgres://app:hunter2@{at}"
    found = doctor.finds("database-away")["found"]
    assert found.startswith("The database cannot be reached")


def test_pending_migrations_are_found(dev: Doctor) -> None:
    assert dev.command("migrate", "--target", MIGRATIONS[-2]).code == 0
    assert dev.finds("not-migrated")["found"].startswith("The database lacks ")


def test_an_empty_database_of_postgresql_is_found(
    doctor: Doctor,
    use: Use,
    postgres: PostgresServer,
    postgres_template: str,
    postgres_database: str,
) -> None:
    use(DatabaseSettings(url=SecretStr(postgres.dsn(postgres_database, user="authgate_app"))))
    doctor.finds("not-migrated")


@pytest.mark.parametrize("file", ["authgate.db", "authgate.db-wal"])
def test_a_database_that_others_may_read_is_found(dev: Doctor, tmp_path: Path, file: str) -> None:
    (tmp_path / file).touch(mode=0o600)
    for each in ("authgate.db", file):
        (tmp_path / each).chmod(0o600)
    dev.finds()
    (tmp_path / file).touch(mode=0o600)
    (tmp_path / file).chmod(0o640)
    assert dev.finds("exposed-database")["found"] == f"{tmp_path / file} has mode 0640"


def test_sqlite_in_production_is_found(prod_on_sqlite: Doctor) -> None:
    prod_on_sqlite.finds("sqlite-in-production")


def database_of(settings: DatabaseSettings) -> str:
    """The name of a database of PostgreSQL."""
    return settings.url.get_secret_value().rpartition("/")[2]


def test_a_hole_in_the_walls_is_found(
    dev_on_postgres: Doctor, postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    database = database_of(postgres_settings_of_own)
    postgres.execute("DROP POLICY tenant_isolation ON tokens", database=database)
    found = dev_on_postgres.finds("walls-missing")["found"]
    assert found == "No row-level security on tokens"


@pytest.mark.parametrize("role", ["owner", "superuser"])
def test_a_role_that_sees_past_the_walls_is_found(
    dev_on_postgres: Doctor,
    postgres_settings_of_own: DatabaseSettings,
    postgres: PostgresServer,
    role: str,
) -> None:
    user = "authgate_owner" if role == "owner" else "postgres"
    url = postgres.dsn(database_of(postgres_settings_of_own), user=user)
    os.environ["AUTHGATE_DATABASE__URL"] = url
    dev_on_postgres.finds("mighty-role")


def test_a_wrong_password_is_found(prod: Doctor) -> None:
    url, password = os.environ["AUTHGATE_DATABASE__URL"], "authgate_app:"
    os.environ["AUTHGATE_DATABASE__URL"] = url.replace(password, f"{password}x")
    prod.finds("database-refuses")


def test_a_server_that_nobody_vouches_for_is_found(
    prod: Doctor, certificate: tuple[Path, Path]
) -> None:
    url = os.environ["AUTHGATE_DATABASE__URL"].partition("?")[0]
    query = f"sslmode=verify-full&sslrootcert={certificate[0]}"
    os.environ["AUTHGATE_DATABASE__URL"] = f"{url}?{query}"
    assert "certificate" in prod.finds("database-unverifiable")["found"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("sslmode=disable", ["database-in-the-clear"]),
        ("", ["database-unverified"]),
        ("sslmode=require", ["database-unverified"]),
        (None, []),
    ],
    ids=["plain", "by chance", "required", "verified"],
)
def test_a_line_to_another_machine_that_is_not_guarded_is_found(
    prod: Doctor,
    guarded_postgres: GuardedPostgres,
    guarded_database: str,
    query: str | None,
    codes: list[str],
) -> None:
    url = guarded_postgres.url(guarded_database, "authgate_app", host=ANYWHERE, query=query)
    os.environ["AUTHGATE_DATABASE__URL"] = url.get_secret_value()
    prod.finds(*codes)


def test_a_server_that_takes_any_password_is_found(
    prod: Doctor, postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> None:
    os.environ["AUTHGATE_DATABASE__URL"] = postgres_settings_of_own.url.get_secret_value()
    assert prod.command("tenant", "create", "acme").code == 0
    prod.finds("database-asks-nobody")


@pytest.mark.parametrize("kind", ["append", "sweep"])
def test_a_role_that_is_not_let_in_is_found(prod: Doctor, kind: str) -> None:
    url = os.environ["AUTHGATE_DATABASE__URL"]
    role = f"authgate_app_{kind}"
    os.environ[f"AUTHGATE_DATABASE__{kind.upper()}_URL"] = url.replace(
        "authgate_app:", f"{role}:not-"
    )
    found = prod.finds("role-refused")
    assert found["found"].startswith(f"{role}: ")
    assert f"database.{kind}_url" in found["cure"]


@pytest.fixture
def role_setting(guarded_postgres: GuardedPostgres, guarded_database: str) -> Iterator[None]:
    """What a test sets for the serving role in its database is taken back."""
    yield
    guarded_postgres.server.execute(
        "ALTER ROLE authgate_app CONNECTION LIMIT -1",
        f"ALTER ROLE authgate_app IN DATABASE {guarded_database} RESET ALL",
    )


@pytest.mark.usefixtures("role_setting")
@pytest.mark.parametrize(
    ("statement", "code", "found"),
    [
        ("CONNECTION LIMIT 28", "too-few-connections", "up to 29 are wanted, 28 may be had"),
        ("SET synchronous_commit = off", "not-durable", "synchronous_commit is off"),
        (
            "SET default_transaction_read_only = on",
            "database-read-only",
            "transactions are read-only",
        ),
    ],
)
def test_what_a_role_may_not_have_is_found(
    prod: Doctor,
    guarded_postgres: GuardedPostgres,
    guarded_database: str,
    statement: str,
    code: str,
    found: str,
) -> None:
    where = f" IN DATABASE {guarded_database}" if statement.startswith("SET") else ""
    guarded_postgres.server.execute(f"ALTER ROLE authgate_app{where} {statement}")
    assert prod.finds(code)["found"] == found


def test_more_processes_than_there_are_connections_for_are_found(
    prod: Doctor, redis_url: str
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    os.environ["AUTHGATE_SERVER__WORKERS"] = "16"
    assert prod.finds("too-few-connections")["found"] == "up to 239 are wanted, 197 may be had"
    os.environ["AUTHGATE_DATABASE__POOL_SIZE"] = "7"
    prod.finds()


def test_a_server_that_may_lose_what_it_has_confirmed_is_found(
    prod: Doctor, guarded_postgres: GuardedPostgres
) -> None:
    server = guarded_postgres.server
    server.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        assert prod.finds("not-durable")["found"] == "fsync is off"
    finally:
        server.execute("ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()")


@pytest.mark.parametrize("seconds", [-5, 5])
def test_a_clock_that_differs_is_found(
    prod: Doctor, guarded_postgres: GuardedPostgres, guarded_database: str, seconds: int
) -> None:
    # Before its own schema PostgreSQL looks where it is told to.
    guarded_postgres.server.execute(
        "CREATE SCHEMA moved",
        "GRANT USAGE ON SCHEMA moved TO authgate_app",
        "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{seconds} s' $$",
        f"ALTER ROLE authgate_app IN DATABASE {guarded_database}"
        " SET search_path = moved, pg_catalog, public",
        database=guarded_database,
    )
    side = "ahead" if seconds > 0 else "behind"
    found = prod.finds("clock-skew")["found"]
    assert found.startswith("the database's clock is ")
    assert found.endswith(side)


def test_a_pooler_that_is_not_told_of_is_found(
    dev_on_postgres: Doctor, postgres_settings_of_own: DatabaseSettings, pgbouncer: PgBouncer
) -> None:
    database = database_of(postgres_settings_of_own)
    os.environ["AUTHGATE_DATABASE__URL"] = pgbouncer.dsn(database, user="authgate_app")
    dev_on_postgres.finds("undeclared-pooler")
    os.environ["AUTHGATE_DATABASE__PGBOUNCER"] = "true"
    dev_on_postgres.finds()


def test_several_processes_without_redis_are_found(prod: Doctor) -> None:
    os.environ["AUTHGATE_SERVER__WORKERS"] = "4"
    assert prod.finds("limits-not-shared")["found"] == "4 processes, no redis_url"


@contextmanager
def connected(url: str) -> Iterator[None]:
    """Somebody else is connected as the role of this URL."""
    program = str(find("psql", package="postgresql-client"))
    command = [program, "--quiet", "--tuples-only", url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as psql:
        assert psql.stdin is not None
        assert psql.stdout is not None
        psql.stdin.write("SELECT 1;\n")
        assert psql.stdout.readline().strip() == "1"
        yield
        psql.stdin.close()
        psql.wait(10)


@pytest.fixture
def served_from_two_machines(prod: Doctor) -> Iterator[None]:
    """The serving role is connected from two addresses."""
    url = os.environ["AUTHGATE_DATABASE__URL"]
    port = urlsplit(url).port
    assert port is not None
    with (
        relayed(port, source="127.0.0.2") as relay,
        connected(url),
        connected(url.replace(f":{port}/", f":{relay}/")),
    ):
        yield


@pytest.mark.usefixtures("served_from_two_machines")
def test_several_machines_without_redis_are_found(prod: Doctor, redis_url: str) -> None:
    assert prod.finds("limits-not-shared")["found"] == "2 machines, no redis_url"
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    prod.finds()
