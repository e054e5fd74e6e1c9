"""``authgate doctor`` on jobs: who does them, and whether they are done."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from authgate.settings import DatabaseSettings
from authgate_testing import PostgresServer
from authgate_testing.command import Cli
from authgate_testing.doctor import Doctor

Execute = Callable[..., None]

_PATIENCE_SECONDS = 30.0


@contextmanager
def running(program: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker or a beat with the settings of the environment."""
    log = folder / f"{program}.log"
    command = [sys.executable, "-m", "authgate", program]
    more = ["--processes", "1"] if program == "worker" else []
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *more], stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0, log.read_text()


def becomes(doctor: Doctor, *codes: str) -> None:
    """Wait until exactly these are found."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            doctor.finds(*codes)
        except AssertionError:
            if time.monotonic() > until:
                raise
        else:
            return


@pytest.fixture
def by_celery(redis_url: str) -> None:
    """Jobs are left to workers."""
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    os.environ["AUTHGATE_JOBS__RUNNER"] = "celery"


@pytest.mark.usefixtures("by_celery")
def test_nobody_who_does_jobs_is_found(dev: Doctor, tmp_path: Path) -> None:
    dev.finds("no-worker", "no-beat")
    with running("beat", tmp_path):
        becomes(dev, "no-worker")
        with running("worker", tmp_path):
            becomes(dev)


@pytest.mark.usefixtures("by_celery")
def test_nobody_who_sends_jobs_is_found(dev: Doctor, tmp_path: Path) -> None:
    with running("worker", tmp_path):
        becomes(dev, "no-beat")


def test_a_clean_up_that_hardly_ever_comes_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_JOBS__CLEANUP_SECONDS"] = "86401"
    dev.finds("rare-clean-up")
    os.environ["AUTHGATE_JOBS__CLEANUP_SECONDS"] = "86400"
    dev.finds()


_OLD_FAILURE = (
    "INSERT INTO login_failures (id, tenant_id, account_hash, failures, last_attempt_at)"
    " SELECT '8a7d3c1e-5b0a-7a1f-8c8d-9e7340b1c2d3', id, {hash}, 1, {then} FROM tenants"
)


def test_rows_that_nobody_removes_are_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(_OLD_FAILURE.format(hash="x'00'", then="'2020-01-01 00:00:00+00:00'"))
    assert dev.finds("expired-rows-stay")["found"] == "in login_failures"


def test_rows_that_nobody_removes_from_postgresql_are_found(
    dev_on_postgres: Doctor, postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    statement = _OLD_FAILURE.format(hash="'\\x00'", then="now() - interval '{days} days'")
    postgres.execute(statement.format(days=30), database=database)
    dev_on_postgres.finds()  # the next clean-up will come
    postgres.execute("DELETE FROM login_failures", database=database)
    postgres.execute(statement.format(days=32), database=database)
    assert dev_on_postgres.finds("expired-rows-stay")["found"] == "in login_failures"


def test_a_log_that_nobody_seals_is_found(dev: Doctor, on_sqlite: Execute) -> None:
    dev.finds()  # what has happened is a moment ago
    on_sqlite("UPDATE audit_events SET id = '01800000-0000-7000-8000-000000000000'")
    found = dev.finds("audit-log-unsealed")["found"]
    assert found == "the oldest since 2022-04-06 17:50 UTC"


def test_plugins_that_are_not_told_for_long_are_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(
        "INSERT INTO audit_feeds (id, tenant_id, plugin, told_until, ahead, failures, slow,"
        " next_at) SELECT id, id, 'siem', '2020-01-01 00:00:00+00:00', '{}', 0, 0,"
        " '2020-01-01 00:00:00+00:00' FROM tenants LIMIT 1"
    )
    dev.finds()  # what has happened is a moment ago
    on_sqlite("UPDATE audit_events SET occurred_at = '2020-01-02 00:00:00+00:00'")
    assert dev.finds("plugins-behind")["found"] == "siem"


def test_a_job_that_does_not_come_again_is_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(
        "INSERT INTO periodic_jobs (name, seconds, turn, runner, known_since, begun_at,"
        " succeeded_at, failures, error) VALUES"
        " ('send-mails', 15, 1, 'x', 0, unixepoch(), unixepoch(), 0, '')"
    )
    dev.finds()
    on_sqlite("UPDATE periodic_jobs SET succeeded_at = unixepoch() - 700")
    assert dev.finds("periodic-job-stands")["found"] == "send-mails"


def test_jobs_that_were_given_up_are_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(
        "INSERT INTO kept_jobs (id, tenant_id, name, arguments, state, attempts, error, reason,"
        " created_at, touched_at, due_at, expires_at) SELECT id, id, 'send-mails', '{}', 'failed',"
        " 5, 'OSError', '', created_at, created_at, created_at, '9999-01-01 00:00:00+00:00'"
        " FROM tenants LIMIT 1"
    )
    assert dev.finds("jobs-given-up")["found"] == "1: send-mails"


def test_webhooks_that_wait_or_are_left_alone_are_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(
        "INSERT INTO webhook_endpoints (id, tenant_id, name, url, description, event_types, areas,"
        " lifecycles, enabled, marks, sealed_secrets, seq, failures, slow, pause_reason,"
        " created_at, updated_at) SELECT id, id, 'hub', 'https://hub.example/', '', '[]', '[]',"
        " '[]', 1, '[]', x'00', 0, 0, 0, '', created_at, created_at FROM tenants LIMIT 1"
    )
    on_sqlite(
        "INSERT INTO webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type,"
        " occurred_at, status, attempts, last_error, answer, created_at, begun_at,"
        " next_attempt_at, expires_at) SELECT id, id, id, id, 'X', created_at, 'pending', 0, '',"
        " '', created_at, created_at, created_at, '9999-01-01 00:00:00+00:00' FROM tenants LIMIT 1"
    )
    dev.finds()
    on_sqlite("UPDATE webhook_deliveries SET next_attempt_at = '2020-01-01 00:00:00+00:00'")
    dev.finds("webhooks-wait")
    on_sqlite("UPDATE webhook_endpoints SET paused_at = '2020-01-01 00:00:00+00:00'")
    assert dev.finds("webhooks-paused")["found"] == "1, of 1 tenants"


_OLD_LOGOUT = (
    "INSERT INTO logout_deliveries (id, tenant_id, client_id, session_id, subject, status,"
    " attempts, last_error, created_at, next_attempt_at, expires_at)"
    " SELECT '8a7d3c1e-5b0a-7a1f-8c8d-9e7340b1c2d3', tenant_id, client_id,"
    " '8a7d3c1e-5b0a-7a1f-8c8d-9e7340b1c2d4', 'x', '{status}', 0, '', {then}, {then},"
    " '9999-01-01 00:00:00+00:00' FROM clients LIMIT 1"
)
_CLIENT = ("client", "create", "-t", "acme", "--name", "TV", "--grant", "device_code", "--public")


def test_logouts_that_nobody_tells_of_are_found(
    dev: Doctor, command: Cli, on_sqlite: Execute
) -> None:
    assert command(*_CLIENT).code == 0
    long_ago = "'2020-01-01 00:00:00+00:00'"
    on_sqlite(_OLD_LOGOUT.format(status="failed", then=long_ago))
    dev.finds()
    on_sqlite("UPDATE logout_deliveries SET status = 'pending'")
    dev.finds("logouts-wait")


def test_logouts_that_nobody_tells_of_are_found_in_postgresql(
    dev_on_postgres: Doctor,
    command: Cli,
    postgres_settings_of_own: DatabaseSettings,
    postgres: PostgresServer,
) -> None:
    assert command(*_CLIENT).code == 0
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    waits = _OLD_LOGOUT.format(status="pending", then="now() - interval '9 minutes'")
    postgres.execute(waits, database=database)
    dev_on_postgres.finds()  # the next round will come
    later = "UPDATE logout_deliveries SET next_attempt_at = now() - interval '11 minutes'"
    postgres.execute(later, database=database)
    dev_on_postgres.finds("logouts-wait")
