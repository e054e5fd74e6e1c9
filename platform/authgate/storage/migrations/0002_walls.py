"""What the ORM cannot say: partial unique keys, and foreign keys that begin with the tenant.

A plain foreign key is checked past row-level security: it would take another tenant's row and
tell ids that exist from ids that do not. SQLite cannot add one to a table that is there.
"""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_FOREIGN_KEYS = (
    ("browser_sessions", "user_id", "users", "id"),
    ("device_codes", "client_id", "clients", "client_id"),
    ("device_codes", "user_id", "users", "id"),
    ("external_identities", "connection_id", "connections", "id"),
    ("external_identities", "user_id", "users", "id"),
    ("tokens", "client_id", "clients", "client_id"),
    ("tokens", "user_id", "users", "id"),
)
_ONE_KEY = "signing_keys_one_{state}"
_STATES = ("active", "pending")


def _name(table: str, column: str) -> str:
    return f"{table}_{column}_tenant_fkey"


forward = statements(
    both=tuple(
        f"CREATE UNIQUE INDEX {_ONE_KEY.format(state=state)}"
        f" ON signing_keys (tenant_id, algorithm) WHERE state = '{state}'"
        for state in _STATES
    ),
    postgres=tuple(
        f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, column)}"
        f" FOREIGN KEY (tenant_id, {column}) REFERENCES {parent} (tenant_id, {key})"
        " ON DELETE CASCADE"
        for table, column, parent, key in _FOREIGN_KEYS
    ),
)
backward = statements(
    both=tuple(f"DROP INDEX {_ONE_KEY.format(state=state)}" for state in _STATES),
    postgres=tuple(
        f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, column)}"
        for table, column, _parent, _key in _FOREIGN_KEYS
    ),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [reversible(forward, backward)]
