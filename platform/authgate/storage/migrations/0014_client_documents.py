"""Clients that are known by the address of a document: longer ids."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_TABLES = (
    "audit_events",
    "authorization_codes",
    "authorization_requests",
    "clients",
    "consents",
    "device_codes",
    "logout_deliveries",
    "refresh_tokens",
    "session_clients",
    "tokens",
)
# No row is written anew. SQLite knows no lengths, and a longer column harms no older version.
_LONGER = tuple(
    f"ALTER TABLE {table} ALTER COLUMN client_id TYPE varchar(255)" for table in _TABLES
)


class Migration(migrations.Migration):
    dependencies = [("models", "0013_idempotency")]

    operations = [reversible(statements(postgres=_LONGER), statements())]
