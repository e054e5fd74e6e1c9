"""Whom a connection lets in."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0052_what_an_import_left")]

    operations = [
        AddColumn(
            "ConnectionRow", "rules", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)
        ),
    ]
