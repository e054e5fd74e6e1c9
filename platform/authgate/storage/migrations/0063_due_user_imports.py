"""Files of people that nobody goes on with are found without reading the others."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_INDEX = "CREATE INDEX user_imports_due ON user_imports (touched_at) WHERE state = 'working'"


class Migration(migrations.Migration):
    dependencies = [("models", "0062_account_deletions")]

    operations = [
        reversible(statements(both=(_INDEX,)), statements(both=("DROP INDEX user_imports_due",)))
    ]
