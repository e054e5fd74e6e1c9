"""For which resource servers codes and refresh tokens are good."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0009_sealed_secrets")]

    operations = [
        *(
            AddColumn(
                model_name=model,
                name="resource",
                field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
            )
            for model in ("AuthorizationCode", "RefreshToken")
        ),
    ]
