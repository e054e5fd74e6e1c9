"""What waits for webhooks is counted without reading what was delivered."""

import pytest

from authgate.settings import DatabaseSettings
from authgate_testing.databases import on_postgres
from authgate_testing.postgres import PostgresServer


@on_postgres
@pytest.mark.parametrize(("status", "index"), [("pending", "waiting"), ("failed", "dead")])
def test_deliveries_of_a_status_are_counted_by_an_index_of_these_alone(
    postgres: PostgresServer, database_settings: DatabaseSettings, status: str, index: str
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    question = (
        "EXPLAIN SELECT tenant_id FROM webhook_deliveries"  # noqa: S608
        f" WHERE status = '{status}' AND created_at <= now() LIMIT 10000"
    )
    plan = postgres.execute(
        "SET enable_seqscan = off", "SET ROLE authgate_app_sweep", question, database=name
    )
    assert f"webhook_deliveries_{index}" in "\n".join(plan)
