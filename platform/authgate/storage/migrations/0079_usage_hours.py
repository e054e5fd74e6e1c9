"""How much has happened hour by hour lately."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.metering.usage_days import Measure


class Migration(migrations.Migration):
    dependencies = [("models", "0078_verified_logs")]

    operations = [
        ops.CreateModel(
            name="UsageHour",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "measure",
                    fields.CharEnumField(
                        description="SIGN_INS: sign_ins", enum_type=Measure, max_length=16
                    ),
                ),
                ("hour", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("total", fields.BigIntField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "usage_hours",
                "app": "models",
                "unique_together": (("tenant_id", "measure", "hour"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A sum of one hour. Added to by who rolls up, and never changed otherwise.",
            },
            bases=["TenantOwned"],
        ),
    ]
