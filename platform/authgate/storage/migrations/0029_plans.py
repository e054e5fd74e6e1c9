"""Plans, and which one each tenant has."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0028_tenant_directory")]

    operations = [
        ops.CreateModel(
            name="PlanRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("name", fields.CharField(max_length=63, unique=True)),
                ("choices", fields.JSONField(default=dict)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "plans",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A plan that somebody made.",
            },
            bases=["Model"],
        ),
        AddColumn(
            "TenantRow",
            "plan",
            fields.CharField(max_length=63, default="default", db_default="default"),
        ),
        ops.AddIndex(model_name="TenantRow", index=Index(fields=["plan"])),
    ]
