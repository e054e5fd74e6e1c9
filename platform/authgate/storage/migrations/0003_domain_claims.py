from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0002_walls")]

    operations = [
        ops.CreateModel(
            name="DomainClaim",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("host", fields.CharField(max_length=253)),
                ("token", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "domain_claims",
                "app": "models",
                "unique_together": (("tenant_id", "host"),),
                "pk_attr": "id",
                "table_description": "A host name that a tenant says is its own. Several tenants may say so of one.",
            },
            bases=["TenantOwned"],
        ),
    ]
