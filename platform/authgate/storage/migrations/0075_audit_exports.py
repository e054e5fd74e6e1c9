"""Files of the audit log that somebody asks for."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.audit.exports import LogFormat
from authgate.storage.export_files import ExportState
from authgate.storage.migration_steps import reversible, statements

_DUE = (
    "CREATE INDEX audit_exports_due ON audit_exports (touched_at)"
    " WHERE state IN ('waiting', 'writing')"
)


class Migration(migrations.Migration):
    dependencies = [("models", "0074_vouched_at")]

    operations = [
        ops.CreateModel(
            name="AuditExportRow",
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
                ("requested_by", fields.CharField(max_length=128)),
                ("attempt", fields.UUIDField(null=True)),
                ("attempts", fields.IntField(default=0)),
                ("writer", fields.UUIDField(null=True)),
                ("position", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("rows", fields.BigIntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("sha256", fields.CharField(default="", max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "format",
                    fields.CharEnumField(
                        description="CSV: csv\nJSONL: jsonl", enum_type=LogFormat, max_length=8
                    ),
                ),
                ("bom", fields.BooleanField(default=False)),
                ("chosen", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("requester_type", fields.CharField(max_length=16)),
                ("requester_id", fields.CharField(max_length=128)),
                ("total", fields.BigIntField(null=True)),
                ("length", fields.BigIntField(default=0)),
            ],
            options={
                "table": "audit_exports",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A file that was asked for.",
            },
            bases=["TenantOwned"],
        ),
        reversible(statements(both=(_DUE,)), statements(both=("DROP INDEX audit_exports_due",))),
    ]
