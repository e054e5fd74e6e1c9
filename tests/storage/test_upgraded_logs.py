"""Logs that were there before rules of alerts were are looked at from where they end."""

import sqlite3
from uuid import uuid4

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.migrate import migrate
from authgate_testing import PostgresServer

_BEFORE = "0084_person_erasures"
_LOG = "INSERT INTO audit_logs (id, tenant_id, due_at) VALUES ('{}', '{}', '2026-01-01')"
_SEAL = (
    "INSERT INTO audit_seals (id, tenant_id, first_seq, last_seq, members, root, previous, digest,"
    " signature, signer, sealed_at, newest_at, checkpoint_at) VALUES ('{}', '{}', 1, 41,"
    " '', '', '', '', '', '', '2026-01-01', '2026-01-01', '2026-01-01')"
)
_PLACES = "SELECT alerted_seq FROM audit_logs ORDER BY alerted_seq"
_FORCED = "SELECT relforcerowsecurity FROM pg_class WHERE relname IN ('audit_logs', 'audit_seals')"


def _sealed() -> list[str]:
    tenant = uuid4()
    return [_LOG.format(uuid4(), tenant), _SEAL.format(uuid4(), tenant)]


async def test_a_log_is_looked_at_from_its_end_on_and_former_servers_begin_new_ones_on_sqlite(
    sqlite_settings: DatabaseSettings,
) -> None:
    await migrate(sqlite_settings, target=_BEFORE)
    line = sqlite3.connect(database.sqlite_path(sqlite_settings), isolation_level=None)
    for statement in _sealed():
        line.execute(statement)
    await migrate(sqlite_settings)
    line.execute(_LOG.format(uuid4(), uuid4()))
    assert line.execute(_PLACES).fetchall() == [(0,), (41,)]
    line.close()


async def test_a_log_is_looked_at_from_its_end_on_and_former_servers_begin_new_ones_on_postgresql(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> None:
    settings = postgres_settings_of_own
    name = settings.url.get_secret_value().rpartition("/")[2]
    await migrate(settings, target=_BEFORE)
    postgres.execute(*_sealed(), database=name)
    await migrate(settings)
    postgres.execute(_LOG.format(uuid4(), uuid4()), database=name)
    assert [int(each) for each in postgres.execute(_PLACES, database=name)] == [0, 41]
    assert postgres.execute(_FORCED, database=name) == ["t", "t"]
