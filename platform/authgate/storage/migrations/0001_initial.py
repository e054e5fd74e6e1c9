from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.storage.grants.device_codes import DeviceCodeStatus
from authgate.storage.issued.tokens import TokenCategory
from authgate.storage.keys.signing_keys import KeyState
from authgate.vocabulary import ClientStatus, TokenStatus, UserStatus
from authgate_tenants.scope import TenantStatus


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("event_type", fields.CharField(max_length=64)),
                ("severity", fields.CharField(max_length=16)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("success", fields.BooleanField()),
                ("actor_type", fields.CharField(max_length=16)),
                ("actor_id", fields.CharField(default="", max_length=128)),
                ("actor_name", fields.CharField(default="", max_length=128)),
                ("client_id", fields.CharField(default="", max_length=64)),
                ("resource_type", fields.CharField(default="", max_length=32)),
                ("resource_id", fields.CharField(default="", max_length=128)),
                ("ip", fields.CharField(default="", max_length=45)),
                ("user_agent", fields.CharField(default="", max_length=512)),
                ("request_id", fields.CharField(default="", max_length=64)),
                ("details", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "audit_events",
                "app": "models",
                "indexes": [Index(fields=["tenant_id", "occurred_at"])],
                "pk_attr": "id",
                "table_description": "Something that happened, to whom, by whom, and from where.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="ClientRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("client_id", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=80)),
                ("secret_hash", fields.BinaryField(null=True)),
                ("authentication_methods", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("grant_types", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("scopes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                (
                    "status",
                    fields.CharEnumField(
                        default=ClientStatus.ACTIVE,
                        description="PENDING: pending\nACTIVE: active\nINACTIVE: inactive",
                        enum_type=ClientStatus,
                        max_length=16,
                    ),
                ),
                ("first_party", fields.BooleanField(default=False)),
                ("unauthenticated_device_grant", fields.BooleanField(default=False)),
                ("project", fields.CharField(default="", max_length=64)),
                ("service_account", fields.CharField(default="", max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "clients",
                "app": "models",
                "unique_together": (("tenant_id", "client_id"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A client as it is stored.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="ConnectionRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("slug", fields.CharField(max_length=40)),
                ("connector", fields.CharField(max_length=80)),
                ("label", fields.CharField(max_length=80)),
                ("config", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("sealed_secrets", fields.BinaryField()),
                ("enabled", fields.BooleanField(default=True)),
                ("position", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "connections",
                "app": "models",
                "unique_together": (("tenant_id", "slug"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A connection as it is stored: what a form may show again in clear, secrets sealed.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="DeviceCode",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("device_code_hash", fields.BinaryField()),
                ("user_code_hash", fields.BinaryField()),
                ("client_id", fields.CharField(max_length=64)),
                ("scope", fields.TextField(unique=False)),
                (
                    "status",
                    fields.CharEnumField(
                        default=DeviceCodeStatus.PENDING,
                        description="PENDING: pending\nAPPROVED: approved\nDENIED: denied\nREDEEMED: redeemed",
                        enum_type=DeviceCodeStatus,
                        max_length=16,
                    ),
                ),
                ("poll_interval", fields.IntField()),
                ("ip", fields.CharField(max_length=45)),
                ("user_agent", fields.CharField(default="", max_length=512)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("user_id", fields.UUIDField(null=True)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "authenticated_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "device_codes",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "device_code_hash"),
                    ("tenant_id", "user_code_hash"),
                    ("tenant_id", "id"),
                ),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A device's request. Neither of its codes is here, only their hashes.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="ExternalIdentityRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("connection_id", fields.UUIDField()),
                ("issuer", fields.CharField(max_length=255)),
                ("subject", fields.CharField(max_length=255)),
                ("user_id", fields.UUIDField()),
                ("username", fields.CharField(default="", max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("last_used_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "external_identities",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "connection_id", "issuer", "subject"),
                    ("tenant_id", "id"),
                ),
                "indexes": [Index(fields=["tenant_id", "user_id"])],
                "pk_attr": "id",
                "table_description": "Somebody known by (connection, issuer, subject), and by nothing else.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="LoginFailure",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("account_hash", fields.BinaryField()),
                ("failures", fields.IntField()),
                ("last_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "locked_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "login_failures",
                "app": "models",
                "unique_together": (("tenant_id", "account_hash"),),
                "indexes": [Index(fields=["last_attempt_at"])],
                "pk_attr": "id",
                "table_description": "The consecutive failures of one account.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("key_hash", fields.BinaryField()),
                ("user_id", fields.UUIDField()),
                ("csrf_key", fields.BinaryField()),
                ("amr", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("ip", fields.CharField(max_length=45)),
                ("user_agent", fields.CharField(default="", max_length=512)),
                ("remembered", fields.BooleanField(default=False)),
                ("authenticated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("idle_expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "browser_sessions",
                "app": "models",
                "unique_together": (("tenant_id", "key_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["tenant_id", "user_id"]), Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A signed-in browser. The cookie holds a key of which only the hash is here.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="SigningKey",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("kid", fields.CharField(max_length=64)),
                ("algorithm", fields.CharField(max_length=16)),
                (
                    "state",
                    fields.CharEnumField(
                        description="PENDING: pending\nACTIVE: active\nRETIRING: retiring\nREVOKED: revoked",
                        enum_type=KeyState,
                        max_length=16,
                    ),
                ),
                ("public_jwk", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("sealed_private", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "activated_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "signing_keys",
                "app": "models",
                "unique_together": (("tenant_id", "kid"), ("tenant_id", "id")),
                "indexes": [Index(fields=["tenant_id", "state"])],
                "pk_attr": "id",
                "table_description": "A key of a tenant. A tenant has one active and one pending key of an algorithm.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="TenantDataKey",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("version", fields.IntField()),
                ("kek_id", fields.CharField(max_length=32)),
                ("wrapped", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "tenant_data_keys",
                "app": "models",
                "unique_together": (("tenant_id", "version"),),
                "pk_attr": "id",
                "table_description": "A version of the key that seals a tenant's secrets, itself sealed by a key-encryption key.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="TenantRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("slug", fields.CharField(unique=True, max_length=63)),
                ("name", fields.CharField(max_length=100)),
                (
                    "status",
                    fields.CharEnumField(
                        default=TenantStatus.ACTIVE,
                        description="ACTIVE: active\nSUSPENDED: suspended",
                        enum_type=TenantStatus,
                        max_length=16,
                    ),
                ),
                ("settings", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "tenants",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A tenant. Readable without a scope: it is how a scope is found.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TenantDomain",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                (
                    "tenant",
                    fields.ForeignKeyField(
                        "models.TenantRow",
                        source_field="tenant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("host", fields.CharField(unique=True, max_length=253)),
                (
                    "verified_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "tenant_domains",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A host name that a tenant has proven to own. Readable without a scope.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                (
                    "category",
                    fields.CharEnumField(
                        description="ACCESS: access", enum_type=TokenCategory, max_length=16
                    ),
                ),
                (
                    "status",
                    fields.CharEnumField(
                        default=TokenStatus.ACTIVE,
                        description="ACTIVE: active\nDISABLED: disabled\nREVOKED: revoked",
                        enum_type=TokenStatus,
                        max_length=16,
                    ),
                ),
                ("token_hash", fields.BinaryField()),
                ("client_id", fields.CharField(max_length=64)),
                ("user_id", fields.UUIDField(null=True)),
                ("scope", fields.TextField(unique=False)),
                ("grant_type", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tokens",
                "app": "models",
                "unique_together": (("tenant_id", "id"),),
                "indexes": [
                    Index(fields=["tenant_id", "user_id"]),
                    Index(fields=["tenant_id", "client_id"]),
                    Index(fields=["expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "An issued token. The id is its ``jti``, and of its text only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="UserRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("username", fields.CharField(max_length=100)),
                ("canonical_username", fields.CharField(max_length=100)),
                ("email", fields.CharField(null=True, max_length=254)),
                ("canonical_email", fields.CharField(null=True, max_length=254)),
                ("email_verified", fields.BooleanField(default=False)),
                ("name", fields.CharField(default="", max_length=100)),
                ("picture", fields.CharField(default="", max_length=500)),
                ("password_hash", fields.CharField(null=True, max_length=200)),
                (
                    "status",
                    fields.CharEnumField(
                        default=UserStatus.ACTIVE,
                        description="ACTIVE: active\nDISABLED: disabled",
                        enum_type=UserStatus,
                        max_length=16,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        default=UserRole.USER,
                        description="USER: user\nADMIN: admin",
                        enum_type=UserRole,
                        max_length=16,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "users",
                "app": "models",
                "unique_together": (
                    ("tenant_id", "canonical_username"),
                    ("tenant_id", "canonical_email"),
                    ("tenant_id", "id"),
                ),
                "pk_attr": "id",
                "table_description": "A person. The id is the subject of their tokens.",
            },
            bases=["TenantOwned"],
        ),
    ]
