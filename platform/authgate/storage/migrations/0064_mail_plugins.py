"""Mail that a plugin sends."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0063_due_user_imports")]

    operations = [
        AddColumn(
            "MailServerRow", "plugin", fields.CharField(max_length=40, default="", db_default="")
        )
    ]
