"""Clients that may ask about every token."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0004_authorization")]

    operations = [
        AddColumn(
            model_name="ClientRow",
            name="introspects",
            field=fields.BooleanField(default=False),
        ),
    ]
