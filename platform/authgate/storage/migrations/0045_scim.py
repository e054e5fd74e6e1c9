"""What another directory says of people, and the tokens by which it does."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn, reversible, statements

_FIND = (
    "CREATE UNIQUE INDEX users_external_id ON users (tenant_id, external_id)"
    " WHERE external_id IS NOT NULL",
    "CREATE INDEX users_by_status ON users (tenant_id, status, id)",
)
_LOSE = ("DROP INDEX users_external_id", "DROP INDEX users_by_status")


class Migration(migrations.Migration):
    dependencies = [("models", "0044_groups")]

    operations = [
        AddColumn("UserRow", "external_id", fields.CharField(max_length=255, null=True)),
        AddColumn(
            "UserRow", "given_name", fields.CharField(max_length=100, default="", db_default="")
        ),
        AddColumn(
            "UserRow", "family_name", fields.CharField(max_length=100, default="", db_default="")
        ),
        reversible(statements(both=_FIND), statements(both=_LOSE)),
        ops.CreateModel(
            name="ScimTokenRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("description", fields.CharField(max_length=80)),
                ("token_hash", fields.BinaryField()),
                ("trusts_emails", fields.BooleanField(default=False)),
                ("created_by", fields.CharField(max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "scim_tokens",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A token, of which only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
    ]
