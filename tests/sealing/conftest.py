"""Logs that are sealed, and what is done to them by whoever owns the database."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tortoise import connections

from authgate.sealing import stored_log
from authgate.sealing.sealer import Sealer
from authgate.sealing.verification import Report
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer

Owner = Callable[..., Awaitable[None]]
Verify = Callable[..., Awaitable[Report]]


@pytest.fixture
def as_owner(server: RunningServer) -> Owner:
    """Changes what is stored as whoever owns the database does; parameters are ``$1`` and so on."""
    settings = server.parts.settings.database

    async def change(statement: str, *values: Any) -> None:
        if settings.is_sqlite:
            numbered = statement.replace("$", "?")
            await connections.get("default").execute_query(numbered, list(values))
            return
        assert settings.owner_url is not None
        owner = await asyncpg.connect(settings.owner_url.get_secret_value())
        try:
            # It is shown no tenant's rows either, where that is forced.
            for forced in ("NO FORCE", "FORCE"):
                for table in ("audit_seals", "audit_events"):
                    await owner.execute(f"ALTER TABLE {table} {forced} ROW LEVEL SECURITY")
                if forced == "NO FORCE":
                    await owner.execute(statement, *values)
        finally:
            await owner.close()

    return change


@pytest.fixture
def verified(server: RunningServer) -> Verify:
    """What is found of a tenant's log."""
    keys = Sealer(server.parts).keys

    async def verify(tenant: Tenant, **how: Any) -> Report:
        with use_tenant(tenant):
            return await stored_log.verified(trusted=how.pop("trusted", keys.thumbprints), **how)

    return verify
