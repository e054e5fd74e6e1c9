"""What a connection's provider was found to stand on: until when it is good."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0070_periodic_jobs")]

    operations = [
        AddColumn(
            "ConnectionRow",
            "standing",
            fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
