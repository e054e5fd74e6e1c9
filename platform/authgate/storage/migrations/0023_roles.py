"""More roles than two: of each tenant's administrators the earliest who may sign in owns it.

Nobody loses anything: who was an administrator still is, or owns the tenant. On the way back owners
are administrators again, and roles that were not there before are plain users.
"""

from tortoise import migrations

from authgate.storage.migration_steps import Step, reversible, statements

# One statement, whatever the number of tenants, for one row of each.
_EARLIEST_OWN = (
    "UPDATE users SET role = 'owner' WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"
    " (PARTITION BY tenant_id ORDER BY created_at, id) AS place FROM users"
    " WHERE role = 'admin' AND status = 'active') AS administrators WHERE place = 1)"
)
_AS_BEFORE = (
    "UPDATE users SET role = CASE role WHEN 'owner' THEN 'admin' ELSE 'user' END"
    " WHERE role IN ('owner', 'client_manager', 'auditor')"
)


def _past_the_wall(statement: str) -> Step:
    # PostgreSQL shows its owner no tenant's rows either, where that is forced.
    return statements(
        postgres=(
            "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
            statement,
            "ALTER TABLE users FORCE ROW LEVEL SECURITY",
        ),
        sqlite=(statement,),
    )


class Migration(migrations.Migration):
    dependencies = [("models", "0022_gone_clients")]

    operations = [reversible(_past_the_wall(_EARLIEST_OWN), _past_the_wall(_AS_BEFORE))]
