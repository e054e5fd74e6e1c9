"""The former secret of a client that signs with it, for as long as it is good."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0016_code_sessions")]

    operations = [
        AddColumn(
            model_name="ClientRow",
            name="former_sealed_secret",
            field=fields.BinaryField(null=True),
        ),
    ]
