"""Clients that are known by the address of a document: longer ids."""

from tortoise import migrations
from tortoise.fields import CharField

from authgate.storage.migration_steps import Described, reversible, statements

_TABLES = {
    "audit_events": "AuditEvent",
    "authorization_codes": "AuthorizationCode",
    "authorization_requests": "AuthorizationRequestRow",
    "clients": "ClientRow",
    "consents": "Consent",
    "device_codes": "DeviceCode",
    "logout_deliveries": "LogoutDelivery",
    "refresh_tokens": "RefreshToken",
    "session_clients": "SessionClient",
    "tokens": "Token",
}
# No row is written anew. SQLite knows no lengths, and a longer column harms no older version.
_LONGER = tuple(
    f"ALTER TABLE {table} ALTER COLUMN client_id TYPE varchar(255)" for table in _TABLES
)


def _as_long(model: str) -> CharField[str]:
    if model == "AuditEvent":
        return CharField(default="", max_length=255)
    return CharField(max_length=255)


class Migration(migrations.Migration):
    dependencies = [("models", "0013_idempotency")]

    operations = [
        reversible(statements(postgres=_LONGER), statements()),
        *(Described(model, "client_id", _as_long(model)) for model in _TABLES.values()),
    ]
