"""Events of the audit log say in which session they happened.

By what they are found is indexed by a migration of its own, while others write.
"""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0068_authenticators")]

    operations = [
        AddColumn(
            "AuditEvent", "session_id", fields.CharField(max_length=36, default="", db_default="")
        ),
    ]
