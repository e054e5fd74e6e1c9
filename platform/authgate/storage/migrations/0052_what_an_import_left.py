"""Where a tenant is that came, and which of its hosts have to be proven again."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0051_ended_deletions")]

    operations = [
        AddColumn(
            "ImportRow",
            "brought_issuer",
            fields.CharField(max_length=512, default="", db_default=""),
        ),
        AddColumn(
            "ImportRow", "unproven", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)
        ),
    ]
