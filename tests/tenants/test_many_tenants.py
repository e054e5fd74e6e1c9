"""What a tenant costs does not depend on how many others there are."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

import httpx2
import pytest

from authgate import installation, provisioning
from authgate.app import serving
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import Tenant, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.server import BASE_URL

FEW, MANY = 3, 60
_CONNECTED_TO = "SELECT datname FROM pg_stat_activity"
# In the server's own tables and their indexes: autovacuum reads catalogues whenever it likes.
_ROWS_READ = (
    "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)"
    " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
)


@pytest.fixture
def database_name(postgres_settings_of_own: DatabaseSettings) -> str:
    return postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]


@pytest.fixture
def settings_on_postgres(
    postgres: PostgresServer,
    postgres_settings_of_own: DatabaseSettings,
    database_name: str,
    tmp_path: Path,
) -> Settings:
    # In a small table PostgreSQL would read every row rather than look into an index.
    postgres.execute(f"ALTER DATABASE {database_name} SET enable_seqscan = off")
    keys = KeySettings(kek_file=tmp_path / "kek")
    return Settings(database=postgres_settings_of_own, keys=keys, log_level="error")


async def test_start_and_first_request_read_no_more_rows_where_there_are_more_tenants(
    postgres: PostgresServer, settings_on_postgres: Settings, database_name: str
) -> None:
    tenant, machine = (await add_tenants(settings_on_postgres, range(FEW)))[0]
    few = await rows_read(postgres, database_name, settings_on_postgres, tenant, machine)
    await add_tenants(settings_on_postgres, range(FEW, MANY))
    many = await rows_read(postgres, database_name, settings_on_postgres, tenant, machine)
    assert many < few + (MANY - FEW), "a row for each tenant that was added"


async def test_many_tenants_asked_for_the_first_time_at_once_are_all_served(
    settings: Settings,
) -> None:
    few_connections = settings.database.model_copy(update={"pool_size": 2})
    settings = settings.model_copy(update={"database": few_connections})
    added = await add_tenants(settings, range(MANY))
    async with serving(settings, clock=utc_now) as (app, _):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            answers = await asyncio.gather(*(token_of(http, *each) for each in added))
    assert [answer.status_code for answer in answers] == [200] * MANY


async def token_of(http: httpx2.AsyncClient, tenant: Tenant, machine: NewClient) -> httpx2.Response:
    return await http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )


async def add_tenants(settings: Settings, numbers: Iterable[int]) -> list[tuple[Tenant, NewClient]]:
    """Tenants with these numbers, each with a machine."""
    added = []
    async with installation.opened(settings) as parts:
        for number in numbers:
            tenant = await provisioning.add_tenant(parts, slug=f"t{number}", name=f"T {number}")
            with use_tenant(tenant):
                machine = await provisioning.add_client(
                    parts,
                    ClientDraft(
                        name="machine",
                        grant_types=["client_credentials"],
                        scopes=["read"],
                    ),
                )
            added.append((tenant, machine))
    return added


async def rows_read(
    postgres: PostgresServer,
    database: str,
    settings: Settings,
    tenant: Tenant,
    machine: NewClient,
) -> int:
    """What PostgreSQL reads from the start of a server to its end, with a token in between."""
    before = rows_read_so_far(postgres, database)
    async with serving(settings, clock=utc_now) as (app, _):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            answer = await token_of(http, tenant, machine)
    assert answer.status_code == 200, answer.text
    return rows_read_so_far(postgres, database) - before


def rows_read_so_far(postgres: PostgresServer, database: str) -> int:
    """Rows that were read once everybody has left: only then the count is whole."""
    while any(name == database for name in postgres.execute(_CONNECTED_TO)):
        time.sleep(0.05)
    [read] = postgres.execute(_ROWS_READ, database=database)
    return int(read)
