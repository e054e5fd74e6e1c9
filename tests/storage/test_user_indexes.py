"""Whoever is looked for at a tenant is found without reading everybody else."""

from uuid import uuid4

import pytest

from authgate.settings import DatabaseSettings
from authgate_testing.databases import on_postgres
from authgate_testing.postgres import PostgresServer

_NOBODY = "00000000-0000-0000-0000-000000000000"


_MANY = f"""
INSERT INTO users (id, tenant_id, username, canonical_username, email_verified, name, picture,
                   status, role, created_at, updated_at)
SELECT gen_random_uuid(), '{_NOBODY}', n, n, false, '', '',
       'active', CASE WHEN n < 5 THEN 'admin' ELSE 'user' END, now(), now()
FROM generate_series(1, 20000) AS n
"""  # noqa: S608


@on_postgres
def test_who_is_in_charge_is_found_by_an_index(
    postgres: PostgresServer, database_settings: DatabaseSettings
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(_MANY, "ANALYZE users", database=name)
    for condition in (
        f"((role IN ('owner', 'admin') AND status = 'active') OR id IN ('{uuid4()}'))",
        "role IN ('owner', 'admin', 'client_manager', 'auditor')",
        "role = 'owner'",
    ):
        which = f"tenant_id = '{_NOBODY}' AND {condition}"
        question = f"EXPLAIN SELECT * FROM users WHERE {which} ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
        assert "users_in_charge" in "\n".join(postgres.execute(question, database=name)), condition


@on_postgres
def test_who_is_provisioned_is_found_by_an_index(
    postgres: PostgresServer, database_settings: DatabaseSettings
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(_MANY, "ANALYZE users", database=name)
    for condition, index in (
        ("external_id = 'x'", "users_external_id"),
        ("(canonical_username = 'x' OR external_id = 'y')", "users_external_id"),
        ("status = 'disabled'", "users_by_status"),
        (f"id > '{_NOBODY}'", "tenant_id"),
    ):
        which = f"tenant_id = '{_NOBODY}' AND guest_until IS NULL AND {condition}"
        question = f"EXPLAIN SELECT * FROM users WHERE {which} ORDER BY id LIMIT 100"  # noqa: S608
        plan = "\n".join(postgres.execute(question, database=name))
        assert index in plan, (condition, plan)
        assert "Seq Scan" not in plan, (condition, plan)


@on_postgres
@pytest.mark.parametrize(
    ("table", "condition", "index"),
    [
        ("user_import_lines", "username = 'x'", "user_import_lines_of_name"),
        ("user_import_lines", "email = 'x'", "user_import_lines_of_address"),
        ("mailed_links", "UPPER(CAST(email AS VARCHAR)) = UPPER('x')", "mailed_links_of_address"),
    ],
)
def test_where_somebody_is_named_who_leaves_is_found_by_an_index(
    postgres: PostgresServer,
    database_settings: DatabaseSettings,
    table: str,
    condition: str,
    index: str,
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    question = f"EXPLAIN DELETE FROM {table} WHERE tenant_id = '{_NOBODY}' AND {condition}"  # noqa: S608
    others = {"user_import_lines_of_name", "user_import_lines_of_address"} - {index}
    without = [f"DROP INDEX {each}" for each in others]  # of an empty table each costs the same
    plan = postgres.execute("SET enable_seqscan = off", *without, question, database=name)
    assert index in "\n".join(plan)
