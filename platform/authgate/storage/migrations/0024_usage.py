"""What tenants use, added up day by day, and until when that is done."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.metering.usage_days import Measure
from authgate.storage.migration_steps import reversible, statements

# Of tenants from before, what has happened so far is counted as well. The id need only be of its
# own kind, and a tenant's is.
_BEGUN = "INSERT INTO usage_marks (id, tenant_id, until) SELECT id, id, created_at FROM tenants"
_MARKED = statements(
    # PostgreSQL shows its owner no tenants either, where that is forced.
    postgres=(
        "ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY",
        _BEGUN,
        "ALTER TABLE tenants FORCE ROW LEVEL SECURITY",
    ),
    sqlite=(_BEGUN,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0023_roles")]

    operations = [
        ops.CreateModel(
            name="UsageDay",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "measure",
                    fields.CharEnumField(
                        description="TOKENS: tokens", enum_type=Measure, max_length=16
                    ),
                ),
                ("client_id", fields.CharField(default="", max_length=255)),
                ("day", fields.DateField()),
                ("detail", fields.CharField(default="", max_length=64)),
                ("total", fields.BigIntField()),
            ],
            options={
                "table": "usage_days",
                "app": "models",
                "unique_together": (("tenant_id", "measure", "client_id", "day", "detail"),),
                "pk_attr": "id",
                "table_description": "A sum of one day. Added to by who rolls up, and never changed otherwise.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="UsageMark",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "usage_marks",
                "app": "models",
                "unique_together": (("tenant_id",),),
                "pk_attr": "id",
                "table_description": "Until when a tenant's events are in its sums: each is, once, that is older.",
            },
            bases=["TenantOwned"],
        ),
        reversible(_MARKED, statements()),
    ]
