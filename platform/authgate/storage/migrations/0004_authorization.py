"""The authorization code grant, consents and refresh tokens."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.issued.refresh_tokens import RefreshStatus
from authgate.storage.migration_steps import AddColumn, reversible, statements
from authgate.storage.postgres import tenant_keys
from authgate.vocabulary import ApplicationType, ConsentPolicy

_FOREIGN_KEYS = (
    ("authorization_codes", "client_id", "clients", "client_id"),
    ("authorization_codes", "user_id", "users", "id"),
    ("authorization_requests", "client_id", "clients", "client_id"),
    ("consents", "client_id", "clients", "client_id"),
    ("consents", "user_id", "users", "id"),
    ("refresh_tokens", "client_id", "clients", "client_id"),
    ("refresh_tokens", "user_id", "users", "id"),
)
# Machines' tokens have no family: they cost this index nothing.
_FAMILIES = (
    "CREATE INDEX tokens_family ON tokens (tenant_id, family_id) WHERE family_id IS NOT NULL"
)
# Whoever signs in or out asks for what ends with a session: most of what is stored does not.
_SESSIONS = (
    "CREATE INDEX refresh_tokens_session ON refresh_tokens (tenant_id, session_id)"
    " WHERE session_id IS NOT NULL",
    "CREATE INDEX authorization_codes_session ON authorization_codes (tenant_id, session_id)"
    " WHERE spent_at IS NULL",
)

forward = statements(both=(_FAMILIES, *_SESSIONS), postgres=tenant_keys.added(_FOREIGN_KEYS))
backward = statements(
    both=(
        "DROP INDEX tokens_family",
        "DROP INDEX refresh_tokens_session",
        "DROP INDEX authorization_codes_session",
    ),
    postgres=tenant_keys.dropped(_FOREIGN_KEYS),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0003_domain_claims")]

    operations = [
        ops.CreateModel(
            name="AuthorizationCode",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("code_hash", fields.BinaryField()),
                ("client_id", fields.CharField(max_length=64)),
                ("user_id", fields.UUIDField()),
                ("session_id", fields.UUIDField()),
                ("redirect_uri", fields.CharField(max_length=2048)),
                ("redirect_uri_given", fields.BooleanField()),
                ("scope", fields.TextField(unique=False)),
                ("nonce", fields.CharField(default="", max_length=1024)),
                ("code_challenge", fields.CharField(default="", max_length=43)),
                ("authentication", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("spent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "authorization_codes",
                "app": "models",
                "unique_together": (("tenant_id", "code_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["expires_at"]), Index(fields=["tenant_id", "user_id"])],
                "pk_attr": "id",
                "table_description": "A code, of which only a hash is here. Its id is the family of the tokens that it yields.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="AuthorizationRequestRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("handle_hash", fields.BinaryField()),
                ("client_id", fields.CharField(max_length=64)),
                ("parameters", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "answered_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "authorization_requests",
                "app": "models",
                "unique_together": (("tenant_id", "handle_hash"), ("tenant_id", "id")),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A request that was found to be in order. Of its handle only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("client_id", fields.CharField(max_length=64)),
                ("scopes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("granted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consents",
                "app": "models",
                "unique_together": (("tenant_id", "user_id", "client_id"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "The scopes that a person has allowed a client, all in all.",
            },
            bases=["TenantOwned"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("family_id", fields.UUIDField()),
                ("token_hash", fields.BinaryField()),
                (
                    "status",
                    fields.CharEnumField(
                        default=RefreshStatus.ACTIVE,
                        description="ACTIVE: active\nROTATED: rotated\nDISABLED: disabled\nREVOKED: revoked",
                        enum_type=RefreshStatus,
                        max_length=16,
                    ),
                ),
                ("client_id", fields.CharField(max_length=64)),
                ("user_id", fields.UUIDField()),
                ("session_id", fields.UUIDField(null=True)),
                ("scope", fields.TextField(unique=False)),
                ("grant_type", fields.CharField(max_length=64)),
                ("authentication", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("rotated_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("successor", fields.BinaryField(null=True)),
            ],
            options={
                "table": "refresh_tokens",
                "app": "models",
                "unique_together": (("tenant_id", "token_hash"), ("tenant_id", "id")),
                "indexes": [
                    Index(fields=["tenant_id", "family_id"]),
                    Index(fields=["tenant_id", "user_id"]),
                    Index(fields=["tenant_id", "client_id"]),
                    Index(fields=["ends_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A refresh token, of which only a hash is here.",
            },
            bases=["TenantOwned"],
        ),
        AddColumn(
            model_name="ClientRow",
            name="application_type",
            field=fields.CharEnumField(
                default=ApplicationType.WEB,
                description="WEB: web\nNATIVE: native",
                enum_type=ApplicationType,
                max_length=16,
            ),
        ),
        AddColumn(
            model_name="ClientRow",
            name="consent",
            field=fields.CharEnumField(
                default=ConsentPolicy.REMEMBERED,
                description="REMEMBERED: remembered\nALWAYS: always\nIMPLICIT: implicit",
                enum_type=ConsentPolicy,
                max_length=16,
            ),
        ),
        AddColumn(
            model_name="ClientRow",
            name="pkce_optional",
            field=fields.BooleanField(default=False),
        ),
        AddColumn(
            model_name="ClientRow",
            name="redirect_uris",
            field=fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads),
        ),
        AddColumn(
            model_name="Token",
            name="family_id",
            field=fields.UUIDField(null=True),
        ),
        reversible(forward, backward),
    ]
