"""Searches of the audit log can be given a name, and looked for again."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0090_webhook_counts")]

    operations = [
        ops.CreateModel(
            name="SavedSearchRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=80)),
                ("query", fields.TextField(unique=False)),
                ("shared", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "saved_searches",
                "app": "models",
                "unique_together": (("tenant_id", "user_id", "name"), ("tenant_id", "id")),
                "indexes": [Index(fields=["tenant_id", "shared"])],
                "pk_attr": "id",
                "table_description": "A search as it is stored. It goes with whoever has saved it.",
            },
            bases=["TenantOwned"],
        )
    ]
