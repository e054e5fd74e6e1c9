"""Tenants that somebody wants to begin, and slugs that could be taken for one another."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements

# As ``authgate_tenants.likeness`` has it; what is here stays, whatever becomes of that.
_READ_AS = (
    "replace(replace(replace(replace(replace(replace(replace(replace(replace(slug, 'rn', 'm'),"
    " 'vv', 'w'), '-', ''), '0', 'o'), '1', 'l'), 'i', 'l'), '3', 'e'), '5', 's'), '8', 'b')"
)
_ALIKE = f"CREATE INDEX tenants_by_likeness ON tenants ({_READ_AS})"


class Migration(migrations.Migration):
    dependencies = [("models", "0033_settings_versions")]

    operations = [
        ops.CreateModel(
            name="SignUpRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("token_hash", fields.BinaryField()),
                ("email", fields.CharField(max_length=254)),
                ("name", fields.CharField(default="", max_length=100)),
                ("slug", fields.CharField(default="", max_length=63)),
                ("invited_by", fields.CharField(default="", max_length=160)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "finished_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "sign_ups",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A tenant that is wanted, of whose link only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        reversible(
            statements(both=(_ALIKE,)), statements(both=("DROP INDEX tenants_by_likeness",))
        ),
    ]
