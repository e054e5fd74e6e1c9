"""Jobs of a tenant that must not be lost."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.jobs.kept_jobs import KeptState


class Migration(migrations.Migration):
    dependencies = [("models", "0072_sealed_log")]

    operations = [
        ops.CreateModel(
            name="KeptJobRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=64)),
                ("arguments", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        default=KeptState.WAITING,
                        description="WAITING: waiting\nWORKING: working\nFAILED: failed",
                        enum_type=KeptState,
                        max_length=16,
                    ),
                ),
                ("attempts", fields.IntField(default=0)),
                ("error", fields.CharField(default="", max_length=120)),
                ("reason", fields.CharField(default="", max_length=512)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "expires_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "kept_jobs",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [Index(fields=["state", "due_at"]), Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A job that is kept.",
            },
            bases=["TenantOwned"],
        ),
    ]
