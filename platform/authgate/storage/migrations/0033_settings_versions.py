"""What tenants choose, version by version; what they chose until now is the first."""

from json import loads

from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements

# The id need only be of its own kind, and a tenant's is.
_BEGUN = (
    "INSERT INTO tenant_settings_versions"
    " (id, tenant_id, number, name, settings, comment, actor_type, actor_id, actor_name,"
    " created_at)"
    " SELECT id, id, 1, name, settings, '', 'system', '', '', updated_at FROM tenants"
)
_FIRST = statements(
    # PostgreSQL shows its owner no tenants either, where that is forced.
    postgres=(
        "ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY",
        _BEGUN,
        "ALTER TABLE tenants FORCE ROW LEVEL SECURITY",
    ),
    sqlite=(_BEGUN,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0032_key_rotation")]

    operations = [
        ops.CreateModel(
            name="SettingsVersionRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("number", fields.IntField()),
                ("name", fields.CharField(max_length=100)),
                ("settings", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("comment", fields.CharField(default="", max_length=200)),
                ("actor_type", fields.CharField(max_length=16)),
                ("actor_id", fields.CharField(default="", max_length=128)),
                ("actor_name", fields.CharField(default="", max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_settings_versions",
                "app": "models",
                "unique_together": (("tenant_id", "number"),),
                "pk_attr": "id",
                "table_description": "A version as it is stored.",
            },
            bases=["TenantOwned"],
        ),
        reversible(_FIRST, statements()),
    ]
