"""What is used and not added up yet, who was counted today, and how far events but tokens are."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.metering.usage_days import Measure
from authgate.storage.migration_steps import AddColumn

_MEASURES = (
    "TOKENS: tokens\nSIGN_INS: sign_ins\nACTIVE_USERS: active_users\nAPI_CALLS: api_calls\n"
    "FAILURES: failures\nREFUSALS: refusals"
)


class Migration(migrations.Migration):
    dependencies = [("models", "0048_user_locale")]

    operations = [
        AddColumn("UsageMark", "others_until", fields.DatetimeField(null=True)),
        AddColumn("ActiveUser", "last_day", fields.DateField(null=True)),
        ops.CreateModel(
            name="UsageEntry",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "measure",
                    fields.CharEnumField(description=_MEASURES, enum_type=Measure, max_length=16),
                ),
                ("client_id", fields.CharField(default="", max_length=255)),
                ("day", fields.DateField()),
                ("detail", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "usage_entries",
                "app": "models",
                "indexes": [Index(fields=["tenant_id", "id"])],
                "pk_attr": "id",
                "table_description": "One of something that is counted.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="UsageStatementRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("month", fields.DateField()),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("document", fields.TextField(unique=False)),
            ],
            options={
                "table": "usage_statements",
                "app": "models",
                "unique_together": (("tenant_id", "month"),),
                "pk_attr": "id",
                "table_description": "A statement, made once and never changed.",
            },
            bases=["TenantOwned"],
        ),
    ]
