"""Files of tenants that operators send to be read in."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.tenants.imports import ImportState


class Migration(migrations.Migration):
    dependencies = [("models", "0049_usage_entries")]

    operations = [
        ops.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=ImportState.RECEIVING,
                        description="RECEIVING: receiving\nWAITING: waiting\nREADING: reading"
                        "\nDONE: done\nREFUSED: refused",
                        enum_type=ImportState,
                        max_length=16,
                    ),
                ),
                ("slug", fields.CharField(default="", max_length=63)),
                ("hosts", fields.BooleanField()),
                ("check_only", fields.BooleanField()),
                ("sealed_passphrase", fields.BinaryField(null=True)),
                ("requested_by", fields.CharField(max_length=128)),
                ("requester", fields.CharField(max_length=64)),
                ("reader", fields.UUIDField(null=True)),
                ("attempts", fields.IntField(default=0)),
                ("pieces", fields.IntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("rows", fields.BigIntField(default=0)),
                ("fault", fields.CharField(default="", max_length=512)),
                ("fault_line", fields.IntField(null=True)),
                ("fault_part", fields.CharField(default="", max_length=64)),
                ("brought_id", fields.UUIDField(null=True)),
                ("brought_slug", fields.CharField(default="", max_length=63)),
                ("sha256", fields.CharField(default="", max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_imports",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A file that comes, or has come.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="ImportPiece",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("import_id", fields.UUIDField()),
                ("number", fields.IntField()),
                ("content", fields.BinaryField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenant_import_pieces",
                "app": "models",
                "unique_together": (("tenant_id", "import_id", "number"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A part of a file, as it was sent.",
            },
            bases=["TenantOwned"],
        ),
    ]
