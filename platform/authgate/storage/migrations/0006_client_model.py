"""What else a client is: who it is of, what it says of itself, and secrets that end."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import Field
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from authgate.storage.migration_steps import AddColumn

_COLUMNS: dict[str, Field[Any]] = {
    "description": fields.CharField(max_length=500, default=""),
    "secret_expires_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    "former_secret_hash": fields.BinaryField(null=True),
    "former_secret_expires_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    "metadata": fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads),
    "owner_id": fields.UUIDField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [("models", "0005_introspection")]

    operations = [
        *(
            AddColumn(model_name="ClientRow", name=name, field=field)
            for name, field in _COLUMNS.items()
        ),
        ops.AddIndex(model_name="ClientRow", index=Index(fields=["tenant_id", "name", "id"])),
        ops.AddIndex(model_name="ClientRow", index=Index(fields=["tenant_id", "created_at", "id"])),
    ]
