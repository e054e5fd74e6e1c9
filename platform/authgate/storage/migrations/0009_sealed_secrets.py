"""Secrets of clients that sign with them, sealed."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import reversible, statements

# To take a column away SQLite's table is made anew, without the indexes that were added later.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS idx_clients_tenant__3b6364 ON clients (tenant_id, name, id)",
    "CREATE INDEX IF NOT EXISTS idx_clients_tenant__7c60cf ON clients (tenant_id, created_at, id)",
)


class Migration(migrations.Migration):
    dependencies = [("models", "0008_scopes")]

    operations = [
        reversible(statements(), statements(sqlite=_INDEXES)),
        ops.AddField(
            model_name="ClientRow",
            name="sealed_secret",
            field=fields.BinaryField(null=True),
        ),
    ]
