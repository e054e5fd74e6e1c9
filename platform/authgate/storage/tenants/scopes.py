"""Scopes that a tenant has described: what each lets an application do, in words for people."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from tortoise import connections, fields
from tortoise.exceptions import IntegrityError

from authgate.clock import utc_now
from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.batches.lookups import Lookup
from authgate_tenants import TenantOwned, current_tenant

LONGEST_NAME = 100
LONGEST_TITLE = 120
LONGEST_DESCRIPTION = 500


class ScopeRow(TenantOwned):
    """A scope as it is stored."""

    name = fields.CharField(LONGEST_NAME)
    title = fields.CharField(LONGEST_TITLE)
    description = fields.CharField(LONGEST_DESCRIPTION, default="")
    translations: dict[str, dict[str, str]] = fields.JSONField(default=dict)
    sensitive = fields.BooleanField(default=False)
    advertised = fields.BooleanField(default=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "scopes"
        unique_together = (("tenant_id", "name"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """What a scope lets an application do, in one language."""

    title: str
    """As it goes on after "It will be able to"."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDraft:
    """What a tenant says of a scope."""

    name: str
    title: str
    description: str = ""
    translations: Mapping[str, ScopeWords] = field(default_factory=dict)
    """By language (RFC 5646), beside the tenant's own."""
    sensitive: bool = False
    """It changes things, and is shown so."""
    advertised: bool = True
    """It is named in the metadata (RFC 8414 ``scopes_supported``)."""

    def values(self) -> dict[str, Any]:
        """By the name of the field, what is to be stored."""
        return asdict(self) | {"translations": {k: asdict(v) for k, v in self.translations.items()}}


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope that a tenant has described."""

    id: UUID
    name: str
    words: ScopeWords
    translations: Mapping[str, ScopeWords]
    sensitive: bool
    advertised: bool
    created_at: datetime
    updated_at: datetime

    def in_language(self, wanted: Iterable[str]) -> ScopeWords:
        """The words in the first of these languages that there is (RFC 4647 section 3.4)."""
        known = {language.lower(): words for language, words in self.translations.items()}
        for language in wanted:
            parts = language.lower().split("-")
            for length in range(len(parts), 0, -1):
                found = known.get("-".join(parts[:length]))
                if found is not None:
                    return found
        return self.words

    def draft(self) -> ScopeDraft:
        """What would describe a scope so."""
        return ScopeDraft(
            name=self.name,
            title=self.words.title,
            description=self.words.description,
            translations=self.translations,
            sensitive=self.sensitive,
            advertised=self.advertised,
        )

    @classmethod
    def from_row(cls, row: ScopeRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            name=row.name,
            words=ScopeWords(row.title, row.description),
            translations={
                language: ScopeWords(words["title"], words.get("description", ""))
                for language, words in row.translations.items()
            },
            sensitive=row.sensitive,
            advertised=row.advertised,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class ScopeTaken(ValueError):
    """The tenant has described a scope of this name already."""


_NAMES = Lookup(table="scopes", key="tenant_id", columns=("name", "advertised"))


async def advertised() -> tuple[str, ...]:
    """Names that belong into the metadata, read together with what other requests ask."""
    records = await connection.find_all(_NAMES, current_tenant().id)
    return tuple(sorted(record["name"] for record in records if record["advertised"]))


async def find(name: str) -> Scope | None:
    """The scope of this name."""
    row = await ScopeRow.get_or_none(name=name)
    return None if row is None else Scope.from_row(row)


async def held(name: str) -> Scope | None:
    """The scope as it is in the open unit of work, and which is held until its end."""
    row = await ScopeRow.filter(name=name).select_for_update().get_or_none()
    return None if row is None else Scope.from_row(row)


async def find_by_row(row_id: UUID) -> Scope | None:
    """The scope whose row this is."""
    row = await ScopeRow.get_or_none(id=row_id)
    return None if row is None else Scope.from_row(row)


async def find_many(names: Collection[str]) -> dict[str, Scope]:
    """Those of these scopes that are described, by name."""
    rows = await ScopeRow.filter(name__in=list(names))
    return {row.name: Scope.from_row(row) for row in rows}


async def all_scopes() -> Sequence[Scope]:
    """Every scope that the tenant has described, by name."""
    return [Scope.from_row(row) for row in await ScopeRow.all().order_by("name")]


async def beginning(start: str, *, limit: int) -> Sequence[Scope]:
    """Scopes that the tenant has described and whose names begin so, by name."""
    rows = ScopeRow.filter(name__startswith=start).order_by("name").limit(limit)
    return [Scope.from_row(row) for row in await rows]


async def create(draft: ScopeDraft) -> Scope:
    """Store a scope. Raises ``ScopeTaken``."""
    try:
        return Scope.from_row(await ScopeRow.create(**draft.values()))
    except IntegrityError as error:
        raise ScopeTaken(draft.name) from error


async def change(draft: ScopeDraft) -> bool:
    """Describe a scope anew; ``False`` where there is none of this name."""
    values = draft.values() | {"updated_at": utc_now()}
    return await ScopeRow.filter(name=draft.name).update(**values) == 1


_UNUSED = "DELETE FROM scopes WHERE tenant_id = {0} AND name = {1} AND NOT EXISTS ({2})"
_USES = "SELECT 1 FROM clients WHERE tenant_id = {0} AND scopes @> jsonb_build_array({1})"
_SQLITE_USES = (
    "SELECT 1 FROM clients, json_each(clients.scopes) AS each"
    " WHERE clients.tenant_id = {0} AND each.value = {1}"
)
_POSTGRES_DELETE = _UNUSED.format("$1::uuid", "$2::text", _USES.format("$1::uuid", "$2::text"))
_SQLITE_DELETE = _UNUSED.format("?1", "?2", _SQLITE_USES.format("?1", "?2"))


_KEPT = (
    "SELECT 1 FROM scopes WHERE tenant_id = $1::uuid AND name = ANY($2::text[])"
    " ORDER BY name FOR KEY SHARE"
)


async def keep(names: Collection[str]) -> None:
    """Let nobody forget what is said of these scopes before the open unit of work is over."""
    if names and connection.dialect() == "postgres":  # SQLite has one writer
        values = [current_tenant().id, list(names)]
        await connections.get("default").execute_query(_KEPT, values)


async def delete_unused(name: str) -> bool:
    """Forget what was said of a scope; ``False`` where there is none of this name, or a client is
    registered for it."""
    # Whoever registers a client for it is waited for, and seen by the statement that follows.
    await held(name)
    dialect = connection.dialect()
    deleted, _ = await connections.get("default").execute_query(
        _POSTGRES_DELETE if dialect == "postgres" else _SQLITE_DELETE,
        encoded((current_tenant().id, name), dialect),
    )
    return bool(deleted)
