"""How far plugins have been told of what has happened."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements

_INDEX = "CREATE INDEX audit_feeds_due ON audit_feeds (next_at)"


class Migration(migrations.Migration):
    dependencies = [("models", "0065_password_kinds")]

    operations = [
        ops.CreateModel(
            name="AuditFeedRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("plugin", fields.CharField(max_length=40)),
                ("told_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ahead", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("failures", fields.IntField(default=0)),
                ("slow", fields.BooleanField(default=False)),
                (
                    "waiting_since",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("next_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "audit_feeds",
                "app": "models",
                "unique_together": (("tenant_id", "plugin"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "How far one plugin is.",
            },
            bases=["TenantOwned"],
        ),
        reversible(statements(both=(_INDEX,)), statements(both=("DROP INDEX audit_feeds_due",))),
    ]
