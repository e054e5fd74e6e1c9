"""What the ORM cannot say: partial unique keys, and foreign keys that begin with the tenant."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements
from authgate.storage.postgres import tenant_keys

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


forward = statements(
    both=tuple(
        f"CREATE UNIQUE INDEX {_ONE_KEY.format(state=state)}"
        f" ON signing_keys (tenant_id, algorithm) WHERE state = '{state}'"
        for state in _STATES
    ),
    postgres=tenant_keys.added(_FOREIGN_KEYS),
)
backward = statements(
    both=tuple(f"DROP INDEX {_ONE_KEY.format(state=state)}" for state in _STATES),
    postgres=tenant_keys.dropped(_FOREIGN_KEYS),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [reversible(forward, backward)]
