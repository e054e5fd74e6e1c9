"""Passkeys."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0058_plugin_failures")]

    operations = [
        ops.CreateModel(
            name="PasskeyRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("user_handle", fields.BinaryField()),
                ("credential_id", fields.BinaryField()),
                ("public_key", fields.BinaryField()),
                ("rp_id", fields.CharField(max_length=253)),
                ("sign_count", fields.BigIntField()),
                ("transports", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("backed_up", fields.BooleanField()),
                ("name", fields.CharField(max_length=60)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "last_used_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "passkeys",
                "app": "models",
                "unique_together": (("tenant_id", "credential_id"), ("tenant_id", "id")),
                "indexes": [Index(fields=["tenant_id", "user_id"])],
                "pk_attr": "id",
                "table_description": "A passkey of one person. The user handle tells a device whose"
                " it is, and nobody else.",
            },
            bases=["TenantOwned"],
        ),
    ]
