"""Hashes of other costs than those made here are found without reading all people."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_TODAYS = "$argon2id$v=19$m=19456,t=2,p=1$"
_INDEX = (
    "CREATE INDEX users_password_kinds ON users (tenant_id, {0})"
    f" WHERE substr(password_hash, 1, {len(_TODAYS)}) <> '{_TODAYS}'"
)


class Migration(migrations.Migration):
    dependencies = [("models", "0064_mail_plugins")]

    operations = [
        reversible(
            statements(
                postgres=(_INDEX.format('password_hash COLLATE "C"'),),
                sqlite=(_INDEX.format("password_hash"),),
            ),
            statements(both=("DROP INDEX users_password_kinds",)),
        )
    ]
