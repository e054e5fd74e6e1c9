"""Whoever administers a tenant is found without reading everybody else it has."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

# On SQLite a condition with values of its own is not seen to be one of these rows'.
_FIND = ("CREATE INDEX users_in_charge ON users (tenant_id, role) WHERE role <> 'user'",)
_LOSE = ("DROP INDEX users_in_charge",)


class Migration(migrations.Migration):
    dependencies = [("models", "0024_usage")]

    operations = [reversible(statements(postgres=_FIND), statements(postgres=_LOSE))]
