"""The audit log is sealed: each event has a place in it, and seals hold them fast."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0071_connection_standing")]

    operations = [
        AddColumn("AuditEvent", "seq", fields.BigIntField(null=True)),
        AddColumn("AuditEvent", "salt", fields.BinaryField(null=True)),
        AddColumn("AuditEvent", "commitment", fields.BinaryField(null=True)),
        AddColumn(
            "AuditEvent",
            "erased_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.CreateModel(
            name="AuditSealRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("first_seq", fields.BigIntField()),
                ("last_seq", fields.BigIntField()),
                ("members", fields.BinaryField()),
                ("root", fields.BinaryField()),
                ("previous", fields.BinaryField()),
                ("digest", fields.BinaryField()),
                ("signature", fields.BinaryField()),
                ("signer", fields.BinaryField()),
                ("sealed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("newest_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("checkpoint_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "audit_seals",
                "app": "models",
                "unique_together": (("tenant_id", "first_seq"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A seal.",
            },
            bases=["TenantOwned"],
        ),
    ]
