"""Webhooks remember when the log was looked into for them last: those come first that wait longest."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0088_whole_days")]

    operations = [
        AddColumn(
            "WebhookEndpointRow",
            "looked_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
