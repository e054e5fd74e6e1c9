"""Keys that tokens are bound to, and ids of JWTs that are good once."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0006_client_model")]

    operations = [
        ops.CreateModel(
            name="SpentJti",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("jti_hash", fields.BinaryField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "spent_jtis",
                "app": "models",
                "unique_together": (("tenant_id", "jti_hash"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A ``jti`` that was used, of which only a hash is here, together with whose it was.",
            },
            bases=["TenantOwned"],
        ),
        *(
            AddColumn(
                model_name=model,
                name="confirmation",
                field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
            )
            for model in ("AuthorizationCode", "RefreshToken")
        ),
    ]
