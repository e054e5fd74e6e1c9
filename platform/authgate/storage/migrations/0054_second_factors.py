"""Second factors: authenticator apps, recovery codes, and browsers that ask for neither."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


class Migration(migrations.Migration):
    dependencies = [("models", "0053_connection_rules")]

    operations = [
        ops.CreateModel(
            name="TotpSecretRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("sealed_secret", fields.BinaryField()),
                ("last_step", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "last_used_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "totp_secrets",
                "app": "models",
                "unique_together": (("tenant_id", "user_id"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "Of one person. The tenant's data key seals the secret.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="RecoveryCodeRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("code_hash", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recovery_codes",
                "app": "models",
                "unique_together": (("tenant_id", "user_id", "code_hash"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A code, of which only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="RememberedDeviceRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("key_hash", fields.BinaryField()),
                ("password_mark", fields.BinaryField()),
                ("ip", fields.CharField(max_length=45)),
                ("user_agent", fields.CharField(default="", max_length=512)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "remembered_devices",
                "app": "models",
                "unique_together": (("tenant_id", "key_hash"), ("tenant_id", "id")),
                "indexes": [
                    Index(fields=["tenant_id", "user_id"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A browser. Its cookie holds a key of which only the hash is"
                " here.",
            },
            bases=["TenantOwned"],
        ),
    ]
