"""Scopes that tenants describe."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0007_sender_constrained")]

    operations = [
        ops.CreateModel(
            name="ScopeRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=100)),
                ("title", fields.CharField(max_length=120)),
                ("description", fields.CharField(default="", max_length=500)),
                (
                    "translations",
                    fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads),
                ),
                ("sensitive", fields.BooleanField(default=False)),
                ("advertised", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "scopes",
                "app": "models",
                "unique_together": (("tenant_id", "name"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A scope as it is stored.",
            },
            bases=["TenantOwned"],
        ),
    ]
