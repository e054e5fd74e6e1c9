"""Tenants with whole days that are not added up are found without reading the others."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_INDEX = "CREATE INDEX usage_marks_due ON usage_marks (until)"


class Migration(migrations.Migration):
    dependencies = [("models", "0046_export_positions")]

    operations = [
        reversible(statements(both=(_INDEX,)), statements(both=("DROP INDEX usage_marks_due",)))
    ]
