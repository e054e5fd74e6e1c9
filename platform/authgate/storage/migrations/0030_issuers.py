"""Which of its hosts a tenant is called by, and which it was called by until lately."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn, reversible, statements

# So far it was the host that was proven first.
_CALLED = (
    "UPDATE tenants SET issuer_host = COALESCE((SELECT host FROM tenant_domains"
    " WHERE tenant_id = tenants.id AND verified_at IS NOT NULL ORDER BY verified_at LIMIT 1), '')"
)
_SHARED = ("tenants", "tenant_domains")
_CHOSEN = statements(
    # PostgreSQL shows its owner no tenants either, where that is forced.
    postgres=(
        *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in _SHARED),
        _CALLED,
        *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in _SHARED),
    ),
    sqlite=(_CALLED,),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0029_plans")]

    operations = [
        AddColumn(
            model_name="TenantRow",
            name="issuer_host",
            field=fields.CharField(default="", db_default="", max_length=253),
        ),
        AddColumn(
            model_name="TenantRow",
            name="former_host",
            field=fields.CharField(default="", db_default="", max_length=253),
        ),
        AddColumn(
            model_name="TenantRow",
            name="former_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        AddColumn(
            model_name="SessionClient",
            name="issuer",
            field=fields.CharField(default="", db_default="", max_length=512),
        ),
        AddColumn(
            model_name="LogoutDelivery",
            name="issuer",
            field=fields.CharField(default="", db_default="", max_length=512),
        ),
        reversible(_CHOSEN, statements()),
    ]
