"""How whoever approves a device has signed in."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0020_signing_key_steps")]

    operations = [
        AddColumn(
            "DeviceCode", "amr", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)
        )
    ]
