"""What a client had outlives its row for a while: a consent for each person of a million is not
removed by one statement."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements
from authgate.storage.postgres import tenant_keys

_FOREIGN_KEYS = (
    ("device_codes", "client_id", "clients", "client_id"),
    ("authorization_codes", "client_id", "clients", "client_id"),
    ("authorization_requests", "client_id", "clients", "client_id"),
    ("consents", "client_id", "clients", "client_id"),
    ("session_clients", "client_id", "clients", "client_id"),
    ("logout_deliveries", "client_id", "clients", "client_id"),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0021_device_methods")]

    operations = [
        reversible(
            statements(postgres=tenant_keys.dropped(_FOREIGN_KEYS)),
            statements(postgres=tenant_keys.added(_FOREIGN_KEYS, only_new=True)),
        )
    ]
