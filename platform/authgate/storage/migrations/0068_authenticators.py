"""What made a passkey, by the id that its maker has given it."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0067_second_factor_grace")]

    operations = [
        AddColumn(
            "PasskeyRow", "aaguid", fields.CharField(max_length=36, default="", db_default="")
        ),
    ]
