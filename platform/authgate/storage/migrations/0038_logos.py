"""Logos of tenants."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0037_oldest_key")]

    operations = [
        ops.CreateModel(
            name="LogoRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("digest", fields.CharField(max_length=32)),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
                ("image", fields.TextField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_logos",
                "app": "models",
                "unique_together": (("tenant_id", "digest"),),
                "pk_attr": "id",
                "table_description": "A logo as it is stored.",
            },
            bases=["TenantOwned"],
        ),
    ]
