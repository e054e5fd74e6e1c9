"""The kinds of things that belong to a tenant."""

from collections.abc import Iterator

from authgate_tenants import TenantOwned


def models() -> dict[str, type[TenantOwned]]:
    """Each of them that is stored, by its table."""
    return {str(each._meta.db_table): each for each in _below(TenantOwned)}


def _below(kind: type[TenantOwned]) -> Iterator[type[TenantOwned]]:
    for each in kind.__subclasses__():
        if each._meta.abstract:
            yield from _below(each)
        else:
            yield each
