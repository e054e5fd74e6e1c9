"""Who is invited to come to a tenant."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.vocabulary import InvitationStatus


class Migration(migrations.Migration):
    dependencies = [("models", "0041_tenant_exports")]

    operations = [
        ops.CreateModel(
            name="InvitationRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("token_hash", fields.BinaryField()),
                ("email", fields.CharField(max_length=254)),
                ("canonical_email", fields.CharField(max_length=254)),
                (
                    "role",
                    fields.CharEnumField(
                        description="OWNER: owner\nADMIN: admin\nCLIENT_MANAGER: client_manager\nAUDITOR: auditor\nUSER: user",
                        enum_type=UserRole,
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    fields.CharEnumField(
                        default=InvitationStatus.PENDING,
                        description="PENDING: pending\nACCEPTED: accepted\nWITHDRAWN: withdrawn",
                        enum_type=InvitationStatus,
                        max_length=16,
                    ),
                ),
                ("invited_by", fields.CharField(max_length=160)),
                ("inviter_id", fields.UUIDField(null=True)),
                ("user_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "invitations",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"), ("tenant_id", "id")),
                "indexes": [
                    Index(fields=["tenant_id", "canonical_email"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "An invitation, of whose link only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
    ]
