"""What all tenants together came to on each day."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0080_folded_seals")]

    operations = [
        ops.CreateModel(
            name="InstallationDay",
            fields=[
                ("day", fields.DateField(primary_key=True, unique=True, db_index=True)),
                ("counted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sums", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("tenants", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("new_tenants", fields.IntField(default=0)),
                ("busiest", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ("failing", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "installation_days",
                "app": "models",
                "pk_attr": "day",
                "table_description": "A day.",
            },
            bases=["Model"],
        ),
    ]
