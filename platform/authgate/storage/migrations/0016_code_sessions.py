"""Authorization codes are found by their session without looking through a tenant's."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

# Where PostgreSQL knows nothing of the table yet, it takes an index of few rows that begins with
# the tenant for the quickest way to one code, and then looks through all of the tenant's.
_AGAIN = "DROP INDEX IF EXISTS authorization_codes_session"
_BY_SESSION = (
    "CREATE INDEX authorization_codes_session ON authorization_codes (session_id)"
    " WHERE spent_at IS NULL"
)
_BY_TENANT = (
    "CREATE INDEX authorization_codes_session ON authorization_codes (tenant_id, session_id)"
    " WHERE spent_at IS NULL"
)


class Migration(migrations.Migration):
    dependencies = [("models", "0015_pairwise_secrets")]

    operations = [
        reversible(statements(both=(_AGAIN, _BY_SESSION)), statements(both=(_AGAIN, _BY_TENANT)))
    ]
