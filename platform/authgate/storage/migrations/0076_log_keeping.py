"""Events leave the audit log once their time is over, and it forgets people who are gone."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn, reversible, statements

_INDEX = "CREATE INDEX audit_seals_kept ON audit_seals (tenant_id, first_seq) WHERE gone_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("models", "0075_audit_exports")]

    operations = [
        AddColumn(
            "AuditSealRow",
            "gone_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        reversible(statements(both=(_INDEX,)), statements(both=("DROP INDEX audit_seals_kept",))),
        ops.CreateModel(
            name="AuditErasureRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("username", fields.CharField(max_length=128)),
                ("email", fields.CharField(default="", max_length=254)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("position", fields.BigIntField(default=0)),
                ("until", fields.BigIntField(default=0)),
            ],
            options={
                "table": "audit_erasures",
                "app": "models",
                "unique_together": (("tenant_id", "user_id"), ("tenant_id", "id")),
                "indexes": [Index(fields=["due_at"])],
                "pk_attr": "id",
                "table_description": "Somebody who is to be forgotten.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="AuditLogRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "audit_logs",
                "app": "models",
                "unique_together": (("tenant_id",),),
                "indexes": [Index(fields=["due_at"])],
                "pk_attr": "id",
                "table_description": "A log in which something is sealed.",
            },
            bases=["TenantOwned"],
        ),
    ]
