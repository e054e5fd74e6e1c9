"""When each key that signs is to be followed by the next, and how long what it has signed lives."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn, reversible, statements

# Of keys that sign already: ninety days after they began. What shared secrets sign is checked by
# servers that were given them by hand.
_DUE = (
    "UPDATE signing_keys SET rotates_at = {ninety_days_later}"
    " WHERE state = 'active' AND algorithm <> 'HS256'"
)
_ON_POSTGRES = _DUE.format(ninety_days_later="activated_at + interval '90 days'")
# As the ORM stores moments there.
_ON_SQLITE = _DUE.format(
    ninety_days_later="strftime('%Y-%m-%d %H:%M:%f', activated_at, '+90 days') || '000+00:00'"
)
_INDEX = "CREATE INDEX signing_keys_due ON signing_keys (rotates_at) WHERE state = 'active'"


class Migration(migrations.Migration):
    dependencies = [("models", "0031_mails")]

    operations = [
        AddColumn("SigningKey", "rotates_at", fields.DatetimeField(null=True)),
        AddColumn("SigningKey", "signed_lifetime", fields.IntField(null=True)),
        reversible(
            statements(
                both=(_INDEX,),
                # PostgreSQL shows its owner no tenant's rows either, where that is forced.
                postgres=(
                    "ALTER TABLE signing_keys NO FORCE ROW LEVEL SECURITY",
                    _ON_POSTGRES,
                    "ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY",
                ),
                sqlite=(_ON_SQLITE,),
            ),
            statements(both=("DROP INDEX signing_keys_due",)),
        ),
    ]
