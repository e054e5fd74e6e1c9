"""Whose turn each job is that comes again."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0069_audit_search")]

    operations = [
        ops.CreateModel(
            name="PeriodicJobRow",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64),
                ),
                ("seconds", fields.FloatField()),
                ("turn", fields.BigIntField()),
                ("runner", fields.CharField(max_length=64)),
                ("known_since", fields.FloatField()),
                ("begun_at", fields.FloatField()),
                ("until", fields.FloatField(null=True)),
                ("succeeded_at", fields.FloatField(null=True)),
                ("failures", fields.IntField(default=0)),
                ("error", fields.CharField(default="", max_length=120)),
            ],
            options={
                "table": "periodic_jobs",
                "app": "models",
                "pk_attr": "name",
                "table_description": "A job that comes again.",
            },
            bases=["Model"],
        ),
    ]
