"""The former secret of a client that signs with it, for as long as it is good."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import reversible, statements

# To take a column away SQLite's table is made anew, without the indexes that were added later, and
# without what is unique.
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS clients_client_id ON clients (tenant_id, client_id)",
    "CREATE INDEX IF NOT EXISTS idx_clients_tenant__3b6364 ON clients (tenant_id, name, id)",
    "CREATE INDEX IF NOT EXISTS idx_clients_tenant__7c60cf ON clients (tenant_id, created_at, id)",
    "CREATE INDEX IF NOT EXISTS idx_clients_expires_a021dd ON clients (expires_at)",
)


class Migration(migrations.Migration):
    dependencies = [("models", "0016_code_sessions")]

    operations = [
        reversible(statements(), statements(sqlite=_INDEXES)),
        ops.AddField(
            model_name="ClientRow",
            name="former_sealed_secret",
            field=fields.BinaryField(null=True),
        ),
    ]
