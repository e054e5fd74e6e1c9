"""How plugins have failed a tenant last."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0057_plugin_settings")]

    operations = [
        ops.CreateModel(
            name="PluginFailureRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("plugin", fields.CharField(max_length=40)),
                ("call", fields.CharField(max_length=64)),
                ("outcome", fields.CharField(max_length=16)),
                ("fault", fields.CharField(default="", max_length=200)),
                ("failures", fields.IntField()),
                ("failed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "paused_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "plugin_failures",
                "app": "models",
                "unique_together": (("tenant_id", "plugin"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "The last failure of one plugin.",
            },
            bases=["TenantOwned"],
        ),
    ]
