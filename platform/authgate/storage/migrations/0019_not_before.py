"""Marks that end what is older than they are, and tokens that outlive their client's row for a
while: no statement has to end a million rows at once."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn, reversible, statements
from authgate.storage.postgres import tenant_keys

_FOREIGN_KEYS = (
    ("tokens", "client_id", "clients", "client_id"),
    ("refresh_tokens", "client_id", "clients", "client_id"),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0018_unseen_clients")]

    operations = [
        reversible(
            statements(postgres=tenant_keys.dropped(_FOREIGN_KEYS)),
            statements(postgres=tenant_keys.added(_FOREIGN_KEYS, only_new=True)),
        ),
        AddColumn("ClientRow", "not_before", fields.DatetimeField(null=True)),
        AddColumn("UserRow", "not_before", fields.DatetimeField(null=True)),
    ]
