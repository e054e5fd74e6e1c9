"""Alerts: what rules have found in the audit log, and how far they have looked at it."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn, reversible, statements
from authgate.vocabulary import AlertState, Severity

# What has happened before there were rules is looked at by nobody.
_LOOKED_AT = (
    "UPDATE audit_logs SET alerted_seq = COALESCE((SELECT max(s.last_seq) FROM audit_seals s"
    " WHERE s.tenant_id = audit_logs.tenant_id), 0)"
)
_WALLED = ("audit_logs", "audit_seals")
_LOOK_AWAY = statements(
    # PostgreSQL shows its owner nobody's rows either, where that is forced.
    postgres=(
        *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in _WALLED),
        _LOOKED_AT,
        *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in _WALLED),
    ),
    sqlite=(_LOOKED_AT,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0084_person_erasures")]

    operations = [
        AddColumn("AuditLogRow", "alerted_seq", fields.BigIntField(default=0, db_default=0)),
        AddColumn(
            "AuditLogRow",
            "alerted_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        reversible(_LOOK_AWAY, statements()),
        ops.CreateModel(
            name="AlertRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("rule", fields.CharField(max_length=40)),
                ("subject_type", fields.CharField(max_length=32)),
                ("subject_id", fields.CharField(max_length=255)),
                ("window_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "severity",
                    fields.CharEnumField(
                        description=(
                            "INFO: INFO\nWARNING: WARNING\nERROR: ERROR\nCRITICAL: CRITICAL"
                        ),
                        enum_type=Severity,
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=AlertState.OPEN,
                        description="OPEN: open\nACKNOWLEDGED: acknowledged\nCLOSED: closed",
                        enum_type=AlertState,
                        max_length=16,
                    ),
                ),
                ("events", fields.IntField()),
                ("first_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("event_id", fields.UUIDField(null=True)),
                ("details", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(default="", max_length=160)),
                (
                    "decided_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("held_back", fields.BooleanField(default=False)),
                ("letter_id", fields.UUIDField(null=True)),
                ("told_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "alerts",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "rule", "subject_type", "subject_id", "window_at"),
                    ("tenant_id", "id"),
                ),
                "indexes": [
                    Index(fields=["tenant_id", "raised_at"]),
                    Index(fields=["tenant_id", "rule", "at"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "An alert.",
            },
            bases=["TenantOwned"],
        ),
    ]
