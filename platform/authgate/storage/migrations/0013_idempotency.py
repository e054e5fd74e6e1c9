"""Requests that may be sent again without being done again."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0012_registration")]

    operations = [
        ops.CreateModel(
            name="IdempotentRequest",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("key_hash", fields.BinaryField()),
                ("fingerprint", fields.BinaryField()),
                ("attempt", fields.UUIDField()),
                ("begun_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", fields.BinaryField(null=True)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotent_requests",
                "app": "models",
                "unique_together": (("tenant_id", "key_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A request with an ``Idempotency-Key``, of which only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
    ]
