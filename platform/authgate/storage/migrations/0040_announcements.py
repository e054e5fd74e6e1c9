"""What operators tell all tenants' administrators."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0039_operator_accesses")]

    operations = [
        ops.CreateModel(
            name="AnnouncementRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("text", fields.CharField(max_length=500)),
                ("urgent", fields.BooleanField(default=False)),
                ("begins_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "ends_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "announcements",
                "app": "models",
                "pk_attr": "id",
                "table_description": "What operators tell all tenants' administrators.",
            },
            bases=["Model"],
        ),
    ]
