"""Webhooks: where tenants have events of their logs sent, and what became of each."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.vocabulary import DeliveryStatus


def _list() -> fields.JSONField[list[object]]:
    return fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)


class Migration(migrations.Migration):
    dependencies = [("models", "0082_usage_by_day")]

    operations = [
        ops.CreateModel(
            name="WebhookEndpointRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=80)),
                ("url", fields.CharField(max_length=2000)),
                ("description", fields.CharField(default="", max_length=500)),
                ("event_types", _list()),
                ("areas", _list()),
                ("lifecycles", _list()),
                ("enabled", fields.BooleanField(default=True)),
                ("marks", _list()),
                ("sealed_secrets", fields.BinaryField()),
                ("seq", fields.BigIntField(null=True)),
                ("since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("failures", fields.IntField(default=0)),
                (
                    "failing_since",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("not_before", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("slow", fields.BooleanField(default=False)),
                ("paused_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("pause_reason", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "webhook_endpoints",
                "app": "models",
                "unique_together": (("tenant_id", "name"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "An endpoint as it is stored: its secrets sealed.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("attempts", fields.IntField(default=0)),
                ("last_error", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("endpoint_id", fields.UUIDField()),
                ("event_id", fields.UUIDField()),
                ("event_type", fields.CharField(max_length=64)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "status",
                    fields.CharEnumField(
                        default=DeliveryStatus.PENDING,
                        description="PENDING: pending\nDELIVERED: delivered\nFAILED: failed",
                        enum_type=DeliveryStatus,
                        max_length=16,
                    ),
                ),
                ("begun_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("tried_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_status", fields.IntField(null=True)),
                ("answer", fields.CharField(default="", max_length=1024)),
                ("took_ms", fields.IntField(null=True)),
            ],
            options={
                "table": "webhook_deliveries",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "endpoint_id", "status", "next_attempt_at"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One event for one endpoint.",
            },
            bases=["TenantOwned"],
        ),
    ]
