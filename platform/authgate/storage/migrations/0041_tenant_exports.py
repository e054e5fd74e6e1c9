"""Files of a tenant that its owners ask for."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.export_files import ExportState
from authgate.storage.migration_steps import reversible, statements

_DUE = (
    "CREATE INDEX tenant_exports_due ON tenant_exports (touched_at)"
    " WHERE state IN ('waiting', 'writing')"
)


class Migration(migrations.Migration):
    dependencies = [("models", "0040_announcements")]

    operations = [
        ops.CreateModel(
            name="ExportRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=ExportState.WAITING,
                        description="WAITING: waiting\nWRITING: writing\nREADY: ready\nFAILED: failed",
                        enum_type=ExportState,
                        max_length=16,
                    ),
                ),
                ("signing_keys", fields.BooleanField()),
                ("sealed_passphrase", fields.BinaryField(null=True)),
                ("requested_by", fields.CharField(max_length=128)),
                ("attempt", fields.UUIDField(null=True)),
                ("attempts", fields.IntField(default=0)),
                ("rows", fields.BigIntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("sha256", fields.CharField(default="", max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_exports",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A file that was asked for.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="ExportPiece",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("attempt", fields.UUIDField()),
                ("number", fields.IntField()),
                ("content", fields.BinaryField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_export_pieces",
                "app": "models",
                "unique_together": (("tenant_id", "attempt", "number"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A part of a file.",
            },
            bases=["TenantOwned"],
        ),
        reversible(
            statements(both=(_DUE,)),
            statements(both=("DROP INDEX tenant_exports_due",)),
        ),
    ]
