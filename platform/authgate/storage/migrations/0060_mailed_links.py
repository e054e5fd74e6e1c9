"""Links that were mailed to people."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.vocabulary import LinkPurpose


class Migration(migrations.Migration):
    dependencies = [("models", "0059_passkeys")]

    operations = [
        ops.CreateModel(
            name="MailedLinkRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("token_hash", fields.BinaryField()),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="PASSWORD: password\nADDRESS: address\nUNDO: undo\nJOIN: join",
                        enum_type=LinkPurpose,
                        max_length=16,
                    ),
                ),
                ("user_id", fields.UUIDField(null=True)),
                ("email", fields.CharField(max_length=254, default="")),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mailed_links",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"), ("tenant_id", "id")),
                "indexes": [
                    Index(fields=["tenant_id", "user_id"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A link that waits to be followed.",
            },
            bases=["TenantOwned"],
        ),
    ]
