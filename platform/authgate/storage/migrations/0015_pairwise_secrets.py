"""The secret of each tenant that pairwise subjects are made with."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0014_client_documents")]

    operations = [
        ops.CreateModel(
            name="PairwiseSecret",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("sealed", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairwise_secrets",
                "app": "models",
                "unique_together": (("tenant_id",), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A tenant's secret, sealed.",
            },
            bases=["TenantOwned"],
        ),
    ]
