"""Of people who were erased stays what was removed of them, and the proof of it."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.people.person_erasures import ErasureState


class Migration(migrations.Migration):
    dependencies = [("models", "0083_webhooks")]

    operations = [
        ops.CreateModel(
            name="PersonErasureRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                (
                    "state",
                    fields.CharEnumField(
                        description="REQUESTED: requested\nREMOVED: removed\nERASED: erased",
                        enum_type=ErasureState,
                        max_length=16,
                    ),
                ),
                ("requested_by", fields.CharField(max_length=160)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "removed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "removed",
                    fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads),
                ),
                ("events", fields.BigIntField(default=0)),
                (
                    "ended_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("certificate", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "person_erasures",
                "app": "models",
                "unique_together": (("tenant_id", "user_id"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "An erasure. It names nobody: whoever has noted the id knows whose it is.",
            },
            bases=["TenantOwned"],
        )
    ]
