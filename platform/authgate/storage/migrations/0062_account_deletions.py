"""Who has asked that their account be deleted."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0061_guessed_places")]

    operations = [
        ops.CreateModel(
            name="AccountDeletionRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "account_deletions",
                "app": "models",
                "unique_together": (("tenant_id", "user_id"), ("tenant_id", "id")),
                "indexes": [Index(fields=["due_at"])],
                "pk_attr": "id",
                "table_description": "That somebody leaves.",
            },
            bases=["TenantOwned"],
        ),
    ]
