"""That somebody in charge acts for a person for a while."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn
from authgate.vocabulary import AccessState


class Migration(migrations.Migration):
    dependencies = [("models", "0055_user_imports")]

    operations = [
        AddColumn("Session", "impersonation_id", fields.UUIDField(null=True)),
        AddColumn("Session", "impersonator_id", fields.UUIDField(null=True)),
        AddColumn(
            "Session", "impersonator", fields.CharField(max_length=128, default="", db_default="")
        ),
        ops.CreateModel(
            name="ImpersonationRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("actor_id", fields.UUIDField()),
                ("actor_name", fields.CharField(max_length=128)),
                ("reason", fields.CharField(max_length=300)),
                (
                    "state",
                    fields.CharEnumField(
                        description="ASKED: asked\nGRANTED: granted\nREFUSED: refused"
                        "\nENDED: ended\nOVER: over",
                        enum_type=AccessState,
                        max_length=16,
                    ),
                ),
                ("session_id", fields.UUIDField(null=True)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "impersonations",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "user_id"]),
                    Index(fields=["ends_at"]),
                ],
                "pk_attr": "id",
                "table_description": "That somebody asks to act for a person.",
            },
            bases=["TenantOwned"],
        ),
    ]
