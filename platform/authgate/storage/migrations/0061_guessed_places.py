"""From where a password was guessed."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0060_mailed_links")]

    operations = [
        AddColumn("LoginFailure", "place_of", fields.BinaryField(null=True)),
        ops.AddIndex("LoginFailure", index=Index(fields=["tenant_id", "place_of"])),
    ]
