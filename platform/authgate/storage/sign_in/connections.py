"""Connections: the ways to sign in elsewhere that a tenant has set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError

from authgate.storage.sign_in.connection_rules import ConnectionRules, domain_of
from authgate.storage.sign_in.connection_standing import NOT_NOTED, ConnectionStanding
from authgate.storage.sign_in.external_identities import ExternalIdentityRow
from authgate_tenants import TenantOwned

LONGEST_SLUG = 40


class ConnectionRow(TenantOwned):
    """A connection as it is stored: what a form may show again in clear, secrets sealed."""

    slug = fields.CharField(LONGEST_SLUG)
    connector = fields.CharField(80)
    label = fields.CharField(80)
    config: dict[str, object] = fields.JSONField()
    sealed_secrets = fields.BinaryField()
    enabled = fields.BooleanField(default=True)
    position = fields.IntField(default=0)
    rules: dict[str, object] | None = fields.JSONField(null=True)
    standing: dict[str, object] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "connections"
        unique_together = (("tenant_id", "slug"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to sign in elsewhere."""

    id: UUID
    slug: str
    """Names it in addresses: ``/login/<slug>``."""
    connector: str
    """The name of the plugin's connector."""
    label: str
    config: Mapping[str, object]
    sealed_secrets: bytes
    enabled: bool
    """Whether people may use it."""
    position: int
    """Its place among the connections on the sign-in page, the smallest first."""
    rules: ConnectionRules
    """Whom it lets in, and what they are here."""
    standing: ConnectionStanding = NOT_NOTED
    """What was found out about its provider."""

    @classmethod
    def from_row(cls, row: ConnectionRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            slug=row.slug,
            connector=row.connector,
            label=row.label,
            config=row.config,
            sealed_secrets=bytes(row.sealed_secrets),
            enabled=row.enabled,
            position=row.position,
            rules=ConnectionRules.read(row.rules),
            standing=ConnectionStanding.read(row.standing),
        )


class ConnectionExists(ValueError):
    """Another connection of the tenant has this slug."""


async def offered() -> list[Connection]:
    """The enabled connections, in the order that the tenant chose."""
    rows = await ConnectionRow.filter(enabled=True).order_by("position", "slug")
    return [Connection.from_row(row) for row in rows]


async def every() -> list[Connection]:
    """All connections, in the same order."""
    rows = await ConnectionRow.all().order_by("position", "slug")
    return [Connection.from_row(row) for row in rows]


async def offered_to(address: str) -> Connection | None:
    """The enabled connection that people with an address of this domain are sent to."""
    wanted = domain_of(address)
    return next((each for each in await offered() if wanted in each.rules.email_domains), None)


async def find_offered(slug: str) -> Connection | None:
    """The enabled connection with this slug."""
    found = await find(slug)
    return found if found and found.enabled else None


async def find(slug: str) -> Connection | None:
    """The connection with this slug, enabled or not."""
    if not _may_be(slug):
        return None
    row = await ConnectionRow.get_or_none(slug=slug)
    return Connection.from_row(row) if row else None


async def locked(slug: str) -> Connection | None:
    """The same; it stays so until this transaction changes it or ends."""
    if not _may_be(slug):
        return None
    row = await ConnectionRow.filter(slug=slug).select_for_update().first()
    return Connection.from_row(row) if row else None


async def create(
    *,
    connection_id: UUID,
    slug: str,
    connector: str,
    label: str,
    config: Mapping[str, object],
    sealed_secrets: bytes,
    position: int = 0,
    rules: ConnectionRules = ConnectionRules(),  # noqa: B008  # frozen
    enabled: bool = True,
) -> Connection:
    """Store a connection under the id that its secrets are sealed for. Raises
    ``ConnectionExists``."""
    try:
        row = await ConnectionRow.create(
            id=connection_id,
            slug=slug,
            connector=connector,
            label=label,
            config=dict(config),
            sealed_secrets=sealed_secrets,
            position=position,
            rules=rules.written(),
            enabled=enabled,
        )
    except IntegrityError as error:
        raise ConnectionExists(slug) from error
    return Connection.from_row(row)


async def change(connection: Connection) -> None:
    """Store what a connection is now; its slug and its connector stay."""
    await ConnectionRow.filter(id=connection.id).update(
        label=connection.label,
        config=dict(connection.config),
        sealed_secrets=connection.sealed_secrets,
        enabled=connection.enabled,
        position=connection.position,
        rules=connection.rules.written(),
        standing=connection.standing.written(),
    )


async def note_standing(connection: Connection, standing: ConnectionStanding) -> None:
    """Keep what was found out, while the settings are those that it was found out by."""
    row = ConnectionRow.filter(id=connection.id, sealed_secrets=connection.sealed_secrets)
    held = await row.select_for_update().first()
    if held is not None and held.config == connection.config:
        await row.update(standing=standing.written())


async def delete(connection_id: UUID) -> None:
    """Remove a connection, and who signed in through it is known by it no more."""
    # PostgreSQL removes the identities by itself; SQLite has no such key.
    await ExternalIdentityRow.filter(connection_id=connection_id).delete()
    await ConnectionRow.filter(id=connection_id).delete()


def _may_be(slug: str) -> bool:
    # The ORM raises for a value that is longer than its column.
    return len(slug) <= LONGEST_SLUG and slug.isascii() and slug.isprintable()
