"""What a tenant costs does not depend on how many others there are."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import AsyncMock

import httpx2
import pytest

from authgate import background, installation, provisioning
from authgate.app import serving
from authgate.clock import utc_now
from authgate.jobs import RaiseAlerts
from authgate.operator import overview
from authgate.provisioning import NewClient
from authgate.sealing.sealer import Sealer
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.tokens import operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing import PostgresServer
from authgate_testing.api import ApiClient, api_client
from authgate_testing.server import BASE_URL, MovableClock, RunningServer

FEW, MANY = 3, 60
LISTED, MORE = 200, 4000
_CONNECTED_TO = "SELECT datname FROM pg_stat_activity"
# In the server's own tables and their indexes: autovacuum reads catalogues whenever it likes.
_ROWS_READ = (
    "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)"
    " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
)

_ERASED = """
INSERT INTO tenant_deletions (id, tenant_id, slug, state, former_status, requested_by, requested_at,
                              due_at, ended_at, shredded, removed, certificate)
SELECT gen_random_uuid(), gen_random_uuid(), 'gone', 'deleted', 'active', 'system', moment,
       moment, moment, '[]', '{}', 'x'
FROM (SELECT now() - interval '2 days' AS moment) AS long_ago, generate_series(1, %d)
"""
"""What stays of so many tenants that are gone."""


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


async def test_start_request_and_jobs_read_no_more_rows_where_there_are_more_tenants(
    postgres: PostgresServer,
    settings_on_postgres: Settings,
    database_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One day of all of them is one stretch of an index, added up by one process (ADR 0063).
    monkeypatch.setattr(overview, "add_up", AsyncMock())
    tenant, machine = (await add_tenants(settings_on_postgres, range(FEW)))[0]
    postgres.execute(_ERASED % FEW, database=database_name)
    few = await rows_read(postgres, database_name, settings_on_postgres, tenant, machine)
    await add_tenants(settings_on_postgres, range(FEW, MANY))
    postgres.execute(_ERASED % LISTED, database=database_name)
    many = await rows_read(postgres, database_name, settings_on_postgres, tenant, machine)
    # Some of what each has falls due meanwhile, as its statement does when a month begins; whoever
    # reads all that there are, those that are erased too, reads many times that.
    assert many < few + 3 * (MANY - FEW), "rows for each tenant that was added, or had been"


@pytest.mark.usefixtures("nothing_scheduled")  # what jobs read is looked at above
async def test_what_operators_ask_for_reads_no_more_rows_where_there_are_more_tenants(
    postgres: PostgresServer, settings_on_postgres: Settings, database_name: str
) -> None:
    settings = settings_on_postgres.model_copy(update={"operator_tenant": "ops"})
    async with installation.opened(settings) as parts:
        ops = await provisioning.add_tenant(parts, slug="ops", name="Operations")
        await fill(range(LISTED))
    few = await rows_read_by_operators(postgres, database_name, settings, ops)
    async with installation.opened(settings):
        await fill(range(LISTED, LISTED + MORE))
    many = await rows_read_by_operators(postgres, database_name, settings, ops)
    assert many < few + MORE / 10, "one that reads all of them reads each of those added"


async def rows_read_by_operators(
    postgres: PostgresServer, database: str, settings: Settings, ops: Tenant
) -> int:
    """What PostgreSQL reads while somebody looks through lists of tenants, of which each has
    pages before and after the one that is shown."""
    before = rows_read_so_far(postgres, database)
    clock = MovableClock()
    async with serving(settings, clock=clock) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            server = RunningServer(parts, transport, http, clock)
            scopes = [scope.value for scope in operator_scopes.Scope]
            operator = await api_client(server, ops, *scopes, base=OPERATOR_API)
            for query in ("", "&sort=name", "&search=t1", "&search=Tenant+1&sort=name"):
                for status in ("", "&status=active", "&status=suspended"):
                    await leafed_through(operator, f"/tenants?limit=5{query}{status}")
            assert (await operator.get("/tenants?host=nobody.example")).status_code == 200
            assert (await operator.get("/deletions")).status_code == 200
            assert (await operator.get("/system")).status_code == 200
    return rows_read_so_far(postgres, database) - before


async def leafed_through(operator: ApiClient, path: str) -> None:
    """The first page, the next one, and back."""
    first = (await operator.get(path)).json()
    assert first["next"], path
    second = (await operator.get(f"{path}&cursor={first['next']}")).json()
    back = (await operator.get(f"{path}&cursor={second['previous']}")).json()
    assert back["items"] == first["items"], path


async def fill(numbers: Iterable[int]) -> None:
    """Tenants that nobody asks anything, every second of them suspended."""
    statuses = TenantStatus.ACTIVE, TenantStatus.SUSPENDED
    await TenantRow.bulk_create(
        TenantRow(slug=f"t{n}", name=f"Tenant {n}", status=statuses[n // 10 % 2]) for n in numbers
    )


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
    """What PostgreSQL reads from the start of a server to its end, with a token in between and
    every job that comes again."""
    # What came with the tenants is sealed for each of them, once.
    async with installation.opened(settings) as opened:
        for _ in range(2):  # the second time leaves the index of what waits empty
            await Sealer(opened).seal_everywhere()
    # Without it PostgreSQL guesses, now and then, that any index will do.
    postgres.execute("ANALYZE", database=database)
    before = rows_read_so_far(postgres, database)
    async with serving(settings, clock=utc_now) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            answer = await token_of(http, tenant, machine)
        performer = background.performer(parts)
        for each in background.schedule(settings):
            if isinstance(each.job, RaiseAlerts):
                continue  # compares two numbers of each log (ADR 0067)
            await performer.perform(each.job, tenant_id=None)
    assert answer.status_code == 200, answer.text
    return rows_read_so_far(postgres, database) - before


def rows_read_so_far(postgres: PostgresServer, database: str) -> int:
    """Rows that were read once everybody has left: only then the count is whole."""
    while any(name == database for name in postgres.execute(_CONNECTED_TO)):
        time.sleep(0.05)
    [read] = postgres.execute(_ROWS_READ, database=database)
    return int(read)
