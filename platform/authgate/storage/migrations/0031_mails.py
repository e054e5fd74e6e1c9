"""Mail that leaves, and the servers that tenants have it sent by."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.migration_steps import reversible, statements
from authgate.vocabulary import MailPurpose, MailSecurity, MailStatus

# Whoever looks across tenants asks for what is due, which is next to nothing of what is kept.
_DUE = "CREATE INDEX mails_due ON mails (next_attempt_at) WHERE status = 'pending'"


class Migration(migrations.Migration):
    dependencies = [("models", "0030_issuers")]

    operations = [
        ops.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="TEST: test\nSIGN_UP: sign_up\nINVITATION: invitation\nOPERATOR_ACCESS: operator_access",
                        enum_type=MailPurpose,
                        max_length=16,
                    ),
                ),
                ("recipient", fields.CharField(max_length=254)),
                ("sealed", fields.BinaryField(null=True)),
                (
                    "status",
                    fields.CharEnumField(
                        description="PENDING: pending\nSENT: sent\nFAILED: failed\nKEPT: kept",
                        enum_type=MailStatus,
                        max_length=16,
                    ),
                ),
                ("attempts", fields.IntField(default=0)),
                ("last_error", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mails",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "status", "next_attempt_at"]),
                    Index(fields=["tenant_id", "recipient", "created_at"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A mail to one person.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="MailServerRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("host", fields.CharField(max_length=253)),
                ("port", fields.IntField()),
                (
                    "security",
                    fields.CharEnumField(
                        description="STARTTLS: starttls\nTLS: tls\nNONE: none",
                        enum_type=MailSecurity,
                        max_length=16,
                    ),
                ),
                ("username", fields.CharField(default="", max_length=254)),
                ("sealed_password", fields.BinaryField(null=True)),
                ("sender", fields.CharField(max_length=320)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mail_servers",
                "app": "models",
                "unique_together": (("tenant_id",), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "The server of a tenant that has one of its own.",
            },
            bases=["TenantOwned"],
        ),
        reversible(statements(both=(_DUE,)), statements(both=("DROP INDEX mails_due",))),
    ]
