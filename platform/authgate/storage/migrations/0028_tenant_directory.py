"""Tenants are looked for by the beginning of their slugs and names without reading all of them."""

from tortoise import migrations

from authgate.storage.migration_steps import reversible, statements

_NAMES = ("tenants_by_slug", "tenants_by_status", "tenants_by_name", "tenants_by_status_name")
_OF_TENANTS = {
    "tenant_domains_of_tenant": "tenant_domains (tenant_id)",
    "tenant_deletions_of_tenant": "tenant_deletions (tenant_id)",
}


def _indexes(slug: str, name: str) -> tuple[str, ...]:
    columns = (slug, f"status, {slug}", f"{name}, {slug}", f"status, {name}, {slug}")
    return tuple(
        f"CREATE INDEX {index} ON tenants ({each})"
        for index, each in zip(_NAMES, columns, strict=True)
    )


_POSTGRES = _indexes('slug COLLATE "C"', '(lower(name) COLLATE "C")')
_SQLITE = _indexes("slug", "lower(name)")
_FIND = tuple(f"CREATE INDEX {index} ON {columns}" for index, columns in _OF_TENANTS.items())
_LOSE = tuple(f"DROP INDEX {index}" for index in (*_NAMES, *_OF_TENANTS))


class Migration(migrations.Migration):
    dependencies = [("models", "0027_found_by_client")]

    operations = [
        reversible(
            statements(both=_FIND, postgres=_POSTGRES, sqlite=_SQLITE), statements(both=_LOSE)
        )
    ]
