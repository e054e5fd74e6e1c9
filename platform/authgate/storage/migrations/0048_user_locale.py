"""The language that a person reads."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0047_due_usage")]

    operations = [
        AddColumn("UserRow", "locale", fields.CharField(max_length=35, default="", db_default=""))
    ]
