"""Of whom the log is to forget, it is known what they were called before."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0091_saved_searches")]

    operations = [
        AddColumn(
            "AuditErasureRow",
            "former",
            fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
