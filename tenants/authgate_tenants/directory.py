"""All tenants, looked for and read by the page, however many there are.

Every page is one stretch of an index: what it costs depends on its own rows alone. Names are put in
order by their bytes, which is the one order in which all that begins alike stands together.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal, NamedTuple
from uuid import UUID

from tortoise import connections

from authgate_tenants.models import TenantDomain, TenantRow
from authgate_tenants.scope import TenantStatus

By = Literal["slug", "name"]
"""What the list is in the order of, and what the beginning is of that is looked for."""

_COLUMNS = "id, slug, name, status, plan, issuer_host, created_at, updated_at"
_ORDERED = {
    ("postgres", "slug"): 'slug COLLATE "C"',
    ("postgres", "name"): 'lower(name) COLLATE "C"',
    ("sqlite", "slug"): "slug",
    ("sqlite", "name"): "lower(name)",
}


class Listed(NamedTuple):
    """A tenant, from outside."""

    id: UUID
    slug: str
    name: str
    status: TenantStatus
    plan: str
    issuer_host: str
    """The host of its own that it is called by, if that is still its own."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFilter:
    """Which tenants are looked for, and in which order."""

    by: By = "slug"
    beginning: str = ""
    """Of the slug, or of the name in any case."""
    status: TenantStatus | None = None


class Place(NamedTuple):
    """Where a tenant stands in a list."""

    value: str
    """What it is in the order of."""
    slug: str


async def page(
    asked: TenantFilter, *, after: Place | None, backward: bool = False, limit: int
) -> list[tuple[Listed, Place]]:
    """Tenants after this place, or before it, the nearest first; from the beginning without one."""
    client = connections.get("default")
    dialect = client.capabilities.dialect
    said = _Said(dialect)
    ordered = _ORDERED[dialect, asked.by]
    columns = [ordered] if asked.by == "slug" else [ordered, _ORDERED[dialect, "slug"]]
    from_here = [said(after.value if after else asked.beginning)]
    if after is None and asked.by == "name":
        from_here = [f"lower({from_here[0]})"]
    if len(columns) > 1:
        from_here.append(said(after.slug if after else ""))
    if asked.status is not None:
        columns, from_here = ["status", *columns], [said(asked.status.value), *from_here]
    # One comparison, which is where to begin in the index; where to end is found by reading. A
    # second one would be taken for a reason to read all that is between, and to sort it.
    way = "<" if backward else (">" if after else ">=")
    beginning = said(asked.beginning)
    beginning = f"lower({beginning})" if asked.by == "name" else beginning
    direction = "DESC" if backward else "ASC"
    rows = await client.execute_query_dict(
        f"SELECT {_COLUMNS}, {ordered} AS place,"  # noqa: S608 - our own names
        f" substr({ordered}, 1, length({beginning})) = {beginning} AS fits FROM tenants"
        f" WHERE ({', '.join(columns)}) {way} ({', '.join(from_here)})"
        f" ORDER BY {', '.join(f'{each} {direction}' for each in columns)} LIMIT {int(limit)}",
        said.values,
    )
    found = [(_listed(row), Place(row["place"], row["slug"]), row["fits"]) for row in rows]
    fitting = takewhile(lambda each: each[2] and asked.status in (None, each[0].status), found)
    return [(listed, place) for listed, place, _ in fitting]


async def find(tenant_id: UUID) -> Listed | None:
    """The tenant with this id, read afresh."""
    row = await TenantRow.get_or_none(id=tenant_id)
    return None if row is None else _of(row)


async def found(tenant_ids: Collection[UUID]) -> list[Listed]:
    """Those of these tenants that are there."""
    return [_of(row) for row in await TenantRow.filter(id__in=list(tenant_ids))]


async def at_host(host: str) -> Listed | None:
    """The tenant that has proven to own this host."""
    domain = await TenantDomain.get_or_none(host=host.lower(), verified_at__isnull=False)
    return None if domain is None else await find(domain.tenant_id)


async def hosts(tenant_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The hosts that each of these tenants has proven to own, in the order of their proofs."""
    rows = TenantDomain.filter(tenant_id__in=list(tenant_ids), verified_at__isnull=False)
    found: dict[UUID, list[str]] = {}
    for row in await rows.order_by("verified_at"):
        found.setdefault(row.tenant_id, []).append(row.host)
    return found


class _Said:
    """What is said in a statement, each with the mark that stands for it."""

    def __init__(self, dialect: str) -> None:
        self._mark = "$" if dialect == "postgres" else "?"
        self.values: list[Any] = []

    def __call__(self, value: str) -> str:
        self.values.append(value)
        mark = f"{self._mark}{len(self.values)}"
        return f"{mark}::text" if self._mark == "$" else mark


def _listed(row: dict[str, Any]) -> Listed:
    fields = TenantRow._meta.fields_map  # noqa: SLF001  # Tortoise offers no other way to ask
    return Listed(*(fields[name].to_python_value(row[name]) for name in Listed._fields))


def _of(row: TenantRow) -> Listed:
    return Listed(*(getattr(row, name) for name in Listed._fields))
