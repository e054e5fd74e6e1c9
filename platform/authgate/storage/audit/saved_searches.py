"""Searches of the audit log that somebody has given a name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from urllib.parse import parse_qsl
from uuid import UUID

from tortoise import fields

from authgate_tenants import TenantOwned

LONGEST_NAME: Final = 80
LONGEST_QUERY: Final = 4000
"""Characters of all that a search can say, as it is written in an address."""

MOST: Final = 50
"""Of one person's own."""


class TooManySearches(Exception):
    """One person has as many as there may be."""


class SavedSearchRow(TenantOwned):
    """A search as it is stored. It goes with whoever has saved it."""

    user_id = fields.UUIDField()
    name = fields.CharField(LONGEST_NAME)
    query = fields.TextField()
    """As it is written in an address."""
    shared = fields.BooleanField(default=False)
    """Whether everybody sees it who may read the log."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "saved_searches"
        unique_together = (("tenant_id", "user_id", "name"), ("tenant_id", "id"))
        indexes = (("tenant_id", "shared"),)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that can be looked for again."""

    id: UUID
    user_id: UUID
    name: str
    query: str
    shared: bool

    @classmethod
    def of(cls, row: SavedSearchRow) -> Self:
        """The value of a row."""
        return cls(*[getattr(row, name) for name in cls.__dataclass_fields__])


async def seen_by(user_id: UUID) -> list[SavedSearch]:
    """A person's own by their names, and then as many that others share with everybody."""
    own = SavedSearchRow.filter(user_id=user_id).order_by("name")
    others = SavedSearchRow.filter(shared=True).exclude(user_id=user_id).order_by("name", "id")
    rows = [*await own.limit(MOST), *await others.limit(MOST)]
    return [SavedSearch.of(row) for row in rows]


async def save(user_id: UUID, name: str, query: str, *, shared: bool, now: datetime) -> SavedSearch:
    """Keep a search, instead of the one that this person has called so before. Raises
    ``TooManySearches``. In a unit of work that nobody else of the tenant is in."""
    theirs = SavedSearchRow.filter(user_id=user_id)
    await theirs.filter(name=name).delete()
    if await theirs.count() >= MOST:
        raise TooManySearches
    row = await SavedSearchRow.create(
        user_id=user_id, name=name, query=query, shared=shared, created_at=now
    )
    return SavedSearch.of(row)


async def find(search_id: UUID) -> SavedSearch | None:
    """The one with this id."""
    row = await SavedSearchRow.get_or_none(id=search_id)
    return SavedSearch.of(row) if row else None


async def remove(search_id: UUID) -> bool:
    """Forget a search; whether it was there."""
    return await SavedSearchRow.filter(id=search_id).delete() > 0


async def forget(names: Collection[str]) -> int:
    """Remove what looks for somebody who is called so, or is called like them; how many. What they
    have saved themselves goes with them."""
    called = {name.casefold() for name in names if name}
    found = await SavedSearchRow.all().only("id", "name", "query")
    theirs = [row.id for row in found if not called.isdisjoint(_words(row))]
    return await SavedSearchRow.filter(id__in=theirs).delete() if theirs else 0


def _words(row: SavedSearchRow) -> set[str]:
    """All that it looks for, and what is in its name."""
    said = [value for _, value in parse_qsl(row.query)]
    return {each.casefold() for each in (row.name, *row.name.split(), *said)}
