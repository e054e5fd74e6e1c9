"""Who writes a file of a tenant, and how far it has come."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0045_scim")]

    operations = [
        AddColumn("ExportRow", "writer", fields.UUIDField(null=True)),
        AddColumn(
            "ExportRow",
            "position",
            fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
