"""Networks that a tenant keeps out, and who has signed in in which month."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0035_domain_checks")]

    operations = [
        AddColumn(
            "TenantRow", "blocked", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)
        ),
        ops.CreateModel(
            name="ActiveUser",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("month", fields.DateField()),
                ("user_id", fields.UUIDField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "active_users",
                "app": "models",
                "unique_together": (("tenant_id", "month", "user_id"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "That somebody has signed in in a month.",
            },
            bases=["TenantOwned"],
        ),
    ]
