"""Events of the audit log say in which session they happened, and are found by what people look for.

What every token would have to be put into is left out where somebody can look for it otherwise.
"""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn, reversible, statements

_BOTH = {
    "type": "(tenant_id, event_type, occurred_at)",
    "actor": "(tenant_id, actor_id, occurred_at) WHERE actor_type <> 'client'",
    "resource": (
        "(tenant_id, resource_id, occurred_at)"
        " WHERE resource_type NOT IN ('', 'token', 'device_request')"
    ),
    "session": "(tenant_id, session_id, occurred_at) WHERE session_id <> ''",
    "ip": "(tenant_id, ip, occurred_at)",
    "severity": "(tenant_id, occurred_at) WHERE severity <> 'INFO'",
}
_FAILED = {
    "postgres": "(tenant_id, occurred_at) WHERE NOT success",
    "sqlite": "(tenant_id, occurred_at) WHERE success = 0",
}


def _index(name: str, what: str) -> str:
    return f"CREATE INDEX audit_events_{name} ON audit_events {what}"


_MADE = tuple(_index(name, what) for name, what in _BOTH.items())
_DROPPED = tuple(f"DROP INDEX audit_events_{name}" for name in (*_BOTH, "failed"))


class Migration(migrations.Migration):
    dependencies = [("models", "0068_authenticators")]

    operations = [
        AddColumn(
            "AuditEvent", "session_id", fields.CharField(max_length=36, default="", db_default="")
        ),
        reversible(
            statements(
                both=_MADE,
                postgres=(_index("failed", _FAILED["postgres"]),),
                sqlite=(_index("failed", _FAILED["sqlite"]),),
            ),
            statements(both=_DROPPED),
        ),
    ]
