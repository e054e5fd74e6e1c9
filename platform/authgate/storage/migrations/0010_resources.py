"""For which resource servers codes and refresh tokens are good."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import reversible, statements

# To take a column away SQLite's table is made anew, without the indexes that have a condition.
_SESSIONS = (
    "CREATE INDEX IF NOT EXISTS refresh_tokens_session ON refresh_tokens (tenant_id, session_id)"
    " WHERE session_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS authorization_codes_session"
    " ON authorization_codes (tenant_id, session_id) WHERE spent_at IS NULL",
)


class Migration(migrations.Migration):
    dependencies = [("models", "0009_sealed_secrets")]

    operations = [
        reversible(statements(), statements(both=_SESSIONS)),
        *(
            ops.AddField(
                model_name=model,
                name="resource",
                field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
            )
            for model in ("AuthorizationCode", "RefreshToken")
        ),
    ]
