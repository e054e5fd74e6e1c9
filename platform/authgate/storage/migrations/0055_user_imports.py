"""Files of people that administrators send, line by line."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.storage.people.user_imports import ImportState, LineOutcome


class Migration(migrations.Migration):
    dependencies = [("models", "0054_second_factors")]

    operations = [
        ops.CreateModel(
            name="UserImportRow",
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
                        description="RECEIVING: receiving\nWORKING: working\nDONE: done",
                        enum_type=ImportState,
                        max_length=16,
                    ),
                ),
                ("dry_run", fields.BooleanField(default=True)),
                ("columns", fields.JSONField()),
                ("requested_by", fields.CharField(max_length=128)),
                ("requester_type", fields.CharField(max_length=16)),
                ("requester_id", fields.CharField(max_length=128)),
                (
                    "requester_role",
                    fields.CharEnumField(
                        description="OWNER: owner\nADMIN: admin\nCLIENT_MANAGER: client_manager"
                        "\nAUDITOR: auditor\nUSER: user",
                        enum_type=UserRole,
                        max_length=16,
                    ),
                ),
                ("lines", fields.IntField(default=0)),
                ("position", fields.IntField(default=0)),
                ("created", fields.IntField(default=0)),
                ("changed", fields.IntField(default=0)),
                ("unchanged", fields.IntField(default=0)),
                ("refused", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "user_imports",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A file of people.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="UserImportLine",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("import_id", fields.UUIDField()),
                ("number", fields.IntField()),
                ("username", fields.CharField(default="", max_length=100)),
                ("email", fields.CharField(default="", max_length=254)),
                ("cells", fields.JSONField()),
                (
                    "outcome",
                    fields.CharEnumField(
                        default=LineOutcome.WAITING,
                        description="WAITING: \nCREATED: created\nCHANGED: changed"
                        "\nUNCHANGED: unchanged\nREFUSED: refused",
                        enum_type=LineOutcome,
                        max_length=16,
                    ),
                ),
                ("fault", fields.CharField(default="", max_length=300)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "user_import_lines",
                "app": "models",
                "unique_together": (("tenant_id", "import_id", "number"),),
                "indexes": [
                    Index(fields=["tenant_id", "import_id", "username"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A line of such a file.",
            },
            bases=["TenantOwned"],
        ),
    ]
