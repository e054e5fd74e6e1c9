"""Whose mail it is, whatever stands behind the plus of the address."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0042_invitations")]

    operations = [
        AddColumn("Mail", "mailbox", fields.CharField(254, default="", db_default="")),
        ops.RemoveIndex("Mail", fields=["tenant_id", "recipient", "created_at"]),
        ops.AddIndex("Mail", index=Index(fields=["tenant_id", "mailbox", "created_at"])),
    ]
