"""Operators who come into a tenant as guests, where it lets them in."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.storage.migration_steps import AddColumn, reversible, statements
from authgate.vocabulary import AccessState

_OPEN = (
    "CREATE INDEX operator_accesses_open ON operator_accesses (tenant_id)"
    " WHERE state IN ('asked', 'granted')"
)
_DISABLED = "UPDATE users SET status = 'disabled' WHERE guest_until IS NOT NULL"
_LEAVE = statements(
    # PostgreSQL shows its owner no people either, where that is forced.
    postgres=(
        "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        _DISABLED,
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
    ),
    sqlite=(_DISABLED,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0038_logos")]

    operations = [
        AddColumn("UserRow", "guest_until", fields.DatetimeField(null=True)),
        # Without the column nobody is a guest: they would be there for good, with their role.
        reversible(statements(), _LEAVE),
        ops.CreateModel(
            name="OperatorAccess",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("operator_id", fields.UUIDField()),
                ("operator_name", fields.CharField(max_length=100)),
                (
                    "role",
                    fields.CharEnumField(
                        description="OWNER: owner\nADMIN: admin\nCLIENT_MANAGER: client_manager\nAUDITOR: auditor\nUSER: user",
                        enum_type=UserRole,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(max_length=500)),
                ("emergency", fields.BooleanField(default=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="ASKED: asked\nGRANTED: granted\nREFUSED: refused\nENDED: ended\nOVER: over",
                        enum_type=AccessState,
                        max_length=16,
                    ),
                ),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("begins_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(default="", max_length=128)),
                ("guest_id", fields.UUIDField(null=True)),
                ("entry_hash", fields.BinaryField(null=True)),
                (
                    "entry_ends_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "operator_accesses",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "asked_at"]),
                    Index(fields=["ends_at"]),
                ],
                "pk_attr": "id",
                "table_description": "That an operator asks to come in, and what became of it.",
            },
            bases=["TenantOwned"],
        ),
        reversible(
            statements(both=(_OPEN,)),
            statements(both=("DROP INDEX operator_accesses_open",)),
        ),
    ]
