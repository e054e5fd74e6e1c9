"""How many tenants a day's sums are still without."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0087_seal_indexes")]

    operations = [
        AddColumn(
            model_name="InstallationDay",
            name="behind",
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
