"""Secrets of clients that sign with them, sealed."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0008_scopes")]

    operations = [
        AddColumn(
            model_name="ClientRow",
            name="sealed_secret",
            field=fields.BinaryField(null=True),
        ),
    ]
