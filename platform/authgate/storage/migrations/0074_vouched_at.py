"""When the person of a session has signed in at the provider that vouched for them."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0073_kept_jobs")]

    operations = [
        AddColumn(
            "Session",
            "vouched_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
