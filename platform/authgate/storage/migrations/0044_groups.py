"""Groups of a tenant's people."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements
from authgate.storage.postgres import tenant_keys

_FOREIGN_KEYS = (
    ("group_members", "group_id", "groups", "id"),
    ("group_members", "user_id", "users", "id"),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0043_mailboxes")]

    operations = [
        ops.CreateModel(
            name="GroupRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("display_name", fields.CharField(max_length=200)),
                ("canonical_name", fields.CharField(max_length=200)),
                ("external_id", fields.CharField(null=True, max_length=255)),
                ("description", fields.CharField(default="", max_length=500)),
                (
                    "roles",
                    fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "groups",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "canonical_name"),
                    ("tenant_id", "external_id"),
                    ("tenant_id", "id"),
                ),
                "indexes": [Index(fields=["tenant_id", "created_at"])],
                "pk_attr": "id",
                "table_description": "A group as it is stored.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="GroupMemberRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("group_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "group_members",
                "app": "models",
                "unique_together": (("tenant_id", "group_id", "user_id"), ("tenant_id", "id")),
                "indexes": [
                    Index(fields=["tenant_id", "group_id", "id"]),
                    Index(fields=["tenant_id", "user_id"]),
                ],
                "pk_attr": "id",
                "table_description": "That somebody belongs to a group. The order of the ids is the one in which they came.",
            },
            bases=["TenantOwned"],
        ),
        reversible(
            statements(postgres=tenant_keys.added(_FOREIGN_KEYS)),
            statements(postgres=tenant_keys.dropped(_FOREIGN_KEYS)),
        ),
    ]
