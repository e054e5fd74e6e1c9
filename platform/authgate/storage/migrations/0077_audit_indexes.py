"""Events of the audit log are found by what people look for, and by whether they are sealed.

What every token would have to be put into is left out where somebody can look for it otherwise.
"""

from tortoise import migrations

from authgate.storage.migration_steps import Index, IndexesMadeMeanwhile

_INDEXES = (
    Index(
        "type",
        "(tenant_id, event_type, occurred_at) WHERE event_type NOT IN"
        " ('ACCESS_TOKEN_ISSUED', 'CLIENT_CREDENTIALS_TOKEN_ISSUED', 'TOKEN_REFRESHED')",
        sqlite="(tenant_id, event_type, occurred_at)",
    ),
    Index("actor", "(tenant_id, actor_id, occurred_at) WHERE actor_type <> 'client'"),
    Index(
        "resource",
        "(tenant_id, resource_id, occurred_at)"
        " WHERE resource_type NOT IN ('', 'token', 'device_request')",
    ),
    Index("session", "(tenant_id, session_id, occurred_at) WHERE session_id <> ''"),
    Index("ip", "(tenant_id, ip, occurred_at)"),
    Index("severity", "(tenant_id, occurred_at) WHERE severity <> 'INFO'"),
    Index(
        "failed",
        "(tenant_id, occurred_at) WHERE NOT success",
        sqlite="(tenant_id, occurred_at) WHERE success = 0",
    ),
    # Of what waits for its seal: as good as empty, once what was there before is sealed.
    Index("unsealed", "(tenant_id, id) WHERE seq IS NULL"),
    Index("sealed", "(tenant_id, seq) WHERE seq IS NOT NULL", unique=True),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0076_log_keeping")]
    atomic = False

    operations = [IndexesMadeMeanwhile("audit_events", *_INDEXES)]
