"""What was found when a log was checked, and how far that has come."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn, reversible, statements

_INDEX = "CREATE INDEX audit_logs_verified ON audit_logs (verify_at) WHERE verify_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("models", "0077_audit_indexes")]

    operations = [
        AddColumn(
            "AuditLogRow",
            "verify_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        AddColumn(
            "AuditLogRow",
            "verification",
            fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        reversible(
            statements(both=(_INDEX,)), statements(both=("DROP INDEX audit_logs_verified",))
        ),
    ]
