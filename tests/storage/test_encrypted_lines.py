"""What a URL says of the line to PostgreSQL holds for every connection that is made with it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tortoise import connections

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.migrate import migrate
from authgate.storage.ping import ping
from authgate_testing.guarded_postgres import GuardedPostgres

_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture
async def guarded_database(guarded_postgres: GuardedPostgres) -> AsyncIterator[str]:
    """A database of the owner's, empty."""
    name = f"guarded_{uuid4().hex}"
    guarded_postgres.server.execute(f"CREATE DATABASE {name} OWNER authgate_owner")
    yield name
    guarded_postgres.server.drop_database(name)


@pytest.mark.parametrize(("query", "encrypted"), [(None, True), ("sslmode=disable", False)])
async def test_the_pool_s_line_is_as_its_url_says(
    guarded_postgres: GuardedPostgres, guarded_database: str, query: str | None, encrypted: bool
) -> None:
    await migrate(guarded_postgres.settings(guarded_database))
    url = guarded_postgres.url(guarded_database, "authgate_app", query=query)
    async with storage.opened(DatabaseSettings(url=url)):
        rows = await connections.get("default").execute_query_dict(_ENCRYPTED)
    assert rows == [{"ssl": encrypted}]


@pytest.mark.parametrize("as_owner", [False, True], ids=["serving", "migrating"])
async def test_a_server_that_is_not_vouched_for_is_not_spoken_to(
    guarded_postgres: GuardedPostgres,
    guarded_database: str,
    certificate: tuple[Path, Path],
    as_owner: bool,
) -> None:
    query = f"sslmode=verify-full&sslrootcert={certificate[0]}"

    def url(role: str) -> SecretStr:
        return guarded_postgres.url(guarded_database, role, query=query)

    settings = DatabaseSettings(url=url("authgate_app"), owner_url=url("authgate_owner"))
    with pytest.raises(ssl.SSLCertVerificationError):
        await (migrate(settings) if as_owner else _asked(settings))


async def _asked(settings: DatabaseSettings) -> None:
    async with asyncio.timeout(30), storage.opened(settings):
        await ping()
