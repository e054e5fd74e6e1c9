"""What the database holds of a tenant, counted and compared around what a test does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from authgate.audit import Event
from authgate.settings import DatabaseSettings
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.database import sqlite_path
from authgate.storage.grants.device_codes import DeviceCode
from authgate.storage.issued.tokens import Token
from authgate.storage.sign_in.sessions import Session
from authgate_tenants import Tenant, TenantOwned, use_tenant
from authgate_testing import owned
from authgate_testing.postgres import PostgresServer

_GRANTS: tuple[type[TenantOwned], ...] = (DeviceCode, Session, Token)


class Ledger:
    """Reads the open database."""

    async def rows(self, tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
        """Every row of the tenant, by table."""
        with use_tenant(tenant):
            return {
                table: await model.all().order_by("id").values()
                for table, model in owned.models().items()
            }

    async def granted(self, *tenants: Tenant) -> dict[tuple[str, str], int]:
        """How many device codes, sessions and tokens the tenants have."""
        counts: dict[tuple[str, str], int] = {}
        for tenant in tenants:
            with use_tenant(tenant):
                for table in _GRANTS:
                    counts[tenant.slug, table._meta.db_table] = await table.all().count()
        return counts

    @asynccontextmanager
    async def nothing_granted(self, *tenants: Tenant) -> AsyncIterator[None]:
        """Fail if the block has given anybody a device code, a session or a token."""
        before = await self.granted(*tenants)
        yield
        assert await self.granted(*tenants) == before

    async def events(self, tenant: Tenant, kind: Event | None = None) -> list[AuditEvent]:
        """The tenant's audit log, the oldest event first; of one kind where it is given."""
        with use_tenant(tenant):
            found = AuditEvent.all() if kind is None else AuditEvent.filter(event_type=kind)
            return await found.order_by("id")


def at_rest(settings: DatabaseSettings, postgres: PostgresServer | None = None) -> str:
    """All that is stored, as text; bytes as they are and as hexadecimal digits."""
    if settings.is_sqlite:
        file = Path(sqlite_path(settings))
        stored = b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
        return stored.decode("latin-1") + stored.hex()
    assert postgres is not None
    name = settings.url.get_secret_value().rpartition("/")[2]
    listing = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tables = postgres.execute(listing, database=name)
    everything = (f'SELECT t::text FROM "{table}" t' for table in tables)  # noqa: S608
    return "\n".join(postgres.execute(*everything, database=name))
