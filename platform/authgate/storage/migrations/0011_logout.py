"""Who knows a session, and what clients are told when it is over."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements
from authgate.storage.postgres import tenant_keys
from authgate.vocabulary import DeliveryStatus

_FOREIGN_KEYS = (
    ("session_clients", "client_id", "clients", "client_id"),
    ("logout_deliveries", "client_id", "clients", "client_id"),
)
# Whoever looks across tenants asks for what is due, which is next to nothing of what is kept.
_DUE = (
    "CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at)"
    " WHERE status = 'pending'"
)

forward = statements(both=(_DUE,), postgres=tenant_keys.added(_FOREIGN_KEYS))
backward = statements(
    both=("DROP INDEX logout_deliveries_due",), postgres=tenant_keys.dropped(_FOREIGN_KEYS)
)


class Migration(migrations.Migration):
    dependencies = [("models", "0010_resources")]

    operations = [
        ops.CreateModel(
            name="SessionClient",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("session_id", fields.UUIDField()),
                ("client_id", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=255)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "session_clients",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "session_id", "client_id"),
                    ("tenant_id", "id"),
                ),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A client that was given a code for an ID token of a session.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="LogoutDelivery",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("client_id", fields.CharField(max_length=64)),
                ("session_id", fields.UUIDField()),
                ("subject", fields.CharField(max_length=255)),
                (
                    "status",
                    fields.CharEnumField(
                        default=DeliveryStatus.PENDING,
                        description="PENDING: pending\nDELIVERED: delivered\nFAILED: failed",
                        enum_type=DeliveryStatus,
                        max_length=16,
                    ),
                ),
                ("attempts", fields.IntField(default=0)),
                ("last_status", fields.IntField(null=True)),
                ("last_error", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "logout_deliveries",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "status", "next_attempt_at"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A client that is to be told of a session.",
            },
            bases=["TenantOwned"],
        ),
        reversible(forward, backward),
    ]
