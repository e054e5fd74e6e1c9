"""What ends with a browser session is found without reading what everybody else has."""

import pytest

from authgate.settings import DatabaseSettings
from authgate_testing.databases import on_postgres
from authgate_testing.postgres import PostgresServer

_NOBODY = "00000000-0000-0000-0000-000000000000"


@on_postgres
@pytest.mark.parametrize(
    ("table", "condition"),
    [("refresh_tokens", "status <> 'revoked'"), ("authorization_codes", "spent_at IS NULL")],
)
def test_what_ends_with_a_session_is_found_by_it(
    postgres: PostgresServer, database_settings: DatabaseSettings, table: str, condition: str
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    which = f"tenant_id = '{_NOBODY}' AND session_id = '{_NOBODY}' AND {condition}"
    question = f"EXPLAIN SELECT id FROM {table} WHERE {which}"  # noqa: S608
    plan = postgres.execute("SET enable_seqscan = off", question, database=name)
    assert f"{table}_session" in "\n".join(plan)


@on_postgres
@pytest.mark.parametrize("table", ["authorization_codes", "consents", "session_clients"])
def test_what_a_client_has_is_found_by_it(
    postgres: PostgresServer, database_settings: DatabaseSettings, table: str
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    question = f"SELECT indexdef FROM pg_indexes WHERE tablename = '{table}'"  # noqa: S608
    found = "\n".join(postgres.execute(question, database=name))
    assert "(tenant_id, client_id)" in found
