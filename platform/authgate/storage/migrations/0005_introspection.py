"""Clients that may ask about every token."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0004_authorization")]

    operations = [
        ops.AddField(
            model_name="ClientRow",
            name="introspects",
            field=fields.BooleanField(default=False),
        ),
    ]
