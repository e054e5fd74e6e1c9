"""Clients that nobody who administers the tenant has looked at."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0017_former_sealed_secrets")]

    operations = [
        AddColumn("ClientRow", "unseen", fields.BooleanField(default=False, db_default=False)),
    ]
