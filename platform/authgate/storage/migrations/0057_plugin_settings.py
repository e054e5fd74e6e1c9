"""What tenants set for plugins."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0056_impersonations")]

    operations = [
        ops.CreateModel(
            name="PluginSettingsRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("plugin", fields.CharField(max_length=40)),
                ("config", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("sealed_secrets", fields.BinaryField()),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "plugin_settings",
                "app": "models",
                "unique_together": (("tenant_id", "plugin"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "The settings of one plugin.",
            },
            bases=["TenantOwned"],
        ),
    ]
