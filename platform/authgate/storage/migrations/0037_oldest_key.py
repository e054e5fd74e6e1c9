"""The key that has signed longest is found without reading the others."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_INDEX = "CREATE INDEX signing_keys_oldest ON signing_keys (activated_at) WHERE state = 'active'"


class Migration(migrations.Migration):
    dependencies = [("models", "0036_kept_out")]

    operations = [
        reversible(statements(both=(_INDEX,)), statements(both=("DROP INDEX signing_keys_oldest",)))
    ]
