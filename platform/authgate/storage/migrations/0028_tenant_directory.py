"""Tenants are looked for by the beginning of their slugs and names without reading all of them."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_NAMES = ("tenants_by_slug", "tenants_by_status", "tenants_by_name", "tenants_by_status_name")
_HOSTS = "CREATE INDEX tenant_domains_of_tenant ON tenant_domains (tenant_id)"


def _indexes(slug: str, name: str) -> tuple[str, ...]:
    columns = (slug, f"status, {slug}", f"{name}, {slug}", f"status, {name}, {slug}")
    return tuple(
        f"CREATE INDEX {index} ON tenants ({each})"
        for index, each in zip(_NAMES, columns, strict=True)
    )


_POSTGRES = _indexes('slug COLLATE "C"', '(lower(name) COLLATE "C")')
_SQLITE = _indexes("slug", "lower(name)")
_LOSE = tuple(f"DROP INDEX {index}" for index in (*_NAMES, "tenant_domains_of_tenant"))


class Migration(migrations.Migration):
    dependencies = [("models", "0027_found_by_client")]

    operations = [
        reversible(
            statements(both=(_HOSTS,), postgres=_POSTGRES, sqlite=_SQLITE), statements(both=_LOSE)
        )
    ]
