"""Until when a person is let in without the second factor that their tenant asks for."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0066_audit_feeds")]

    operations = [
        AddColumn("UserRow", "second_factor_due_at", fields.DatetimeField(null=True)),
    ]
