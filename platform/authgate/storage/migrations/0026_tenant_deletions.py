"""That tenants are to be deleted, and what became of it."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements
from authgate_tenants import TenantStatus
from authgate_tenants.models import DeletionState

# The version before knows no more than two: whoever was refused still is.
_AS_BEFORE = "UPDATE tenants SET status = 'suspended' WHERE status IN ('deleting', 'erasing')"
_REFUSED = statements(
    # PostgreSQL shows its owner no tenants either, where that is forced.
    postgres=(
        "ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY",
        _AS_BEFORE,
        "ALTER TABLE tenants FORCE ROW LEVEL SECURITY",
    ),
    sqlite=(_AS_BEFORE,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0025_users_in_charge")]

    operations = [
        ops.CreateModel(
            name="TenantDeletion",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("slug", fields.CharField(max_length=63)),
                (
                    "state",
                    fields.CharEnumField(
                        default=DeletionState.WAITING,
                        description="WAITING: waiting\nRESTORED: restored\nERASING: erasing\nDELETED: deleted",
                        enum_type=DeletionState,
                        max_length=16,
                    ),
                ),
                (
                    "former_status",
                    fields.CharEnumField(
                        description="ACTIVE: active\nSUSPENDED: suspended\nDELETING: deleting\nERASING: erasing",
                        enum_type=TenantStatus,
                        max_length=16,
                    ),
                ),
                ("requested_by", fields.CharField(max_length=160)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "shredded_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("shredded", fields.JSONField(default=list)),
                ("removed", fields.JSONField(default=dict)),
                ("certificate", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "tenant_deletions",
                "app": "models",
                "indexes": [Index(fields=["state", "due_at"]), Index(fields=["slug"])],
                "pk_attr": "id",
                "table_description": "That a tenant is to be deleted, and what became of it.",
            },
            bases=["Model"],
        ),
        reversible(statements(), _REFUSED),
    ]
