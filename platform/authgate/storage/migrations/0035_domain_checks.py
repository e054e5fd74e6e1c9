"""By what a host was proven, and when to look for that again."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn, reversible, statements

# What was proven before is looked for once somebody has done so: it may have been stated.
_DUE = "CREATE INDEX domain_claims_due ON domain_claims (due_at) WHERE due_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("models", "0034_sign_ups")]

    operations = [
        AddColumn("DomainClaim", "proof", fields.CharField(8, default="", db_default="")),
        *(
            AddColumn(
                "DomainClaim",
                name,
                fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
            )
            for name in ("checked_at", "missing_since", "due_at")
        ),
        reversible(statements(both=(_DUE,)), statements(both=("DROP INDEX domain_claims_due",))),
    ]
