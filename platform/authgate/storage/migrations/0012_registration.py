"""Clients that register themselves: what manages them, when they go, and who may begin one."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import Field
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import AddColumn

_COLUMNS: dict[str, Field[Any]] = {
    "registration_token_hash": fields.BinaryField(null=True),
    "expires_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
}


class Migration(migrations.Migration):
    dependencies = [("models", "0011_logout")]

    operations = [
        ops.CreateModel(
            name="InitialAccessTokenRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("description", fields.CharField(default="", max_length=80)),
                ("token_hash", fields.BinaryField()),
                ("uses_left", fields.IntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "initial_access_tokens",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "An initial access token, of which only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        *(
            AddColumn(model_name="ClientRow", name=name, field=field)
            for name, field in _COLUMNS.items()
        ),
        ops.AddIndex(model_name="ClientRow", index=Index(fields=["expires_at"])),
    ]
