"""A transaction whose line to PostgreSQL is lost is an outage, whatever is asked of it next."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from authgate import storage
from authgate.settings import Settings
from authgate.storage.people import users
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.postgres import PostgresServer

pytestmark = on_postgres

Lose = Callable[[], Awaitable[None]]


async def commit(lose: Lose) -> None:
    """Nothing else is asked of it."""
    await lose()


async def begin_a_part(lose: Lose) -> None:
    await lose()
    async with storage.savepoint():
        pass


async def end_a_part(lose: Lose) -> None:
    async with storage.savepoint():
        await lose()


async def undo_a_part(lose: Lose) -> None:
    async with storage.savepoint():
        await lose()
        raise LookupError


async def ask(lose: Lose) -> None:
    await lose()
    await users.find_by_login("mira")


@pytest.mark.parametrize("what", [commit, begin_a_part, end_a_part, undo_a_part, ask])
async def test_a_transaction_without_its_line_is_an_outage_that_is_to(
    what: Callable[[Lose], Awaitable[None]],
    acme: Tenant,
    postgres: PostgresServer,
    settings: Settings,
) -> None:
    name = settings.database.url.get_secret_value().rpartition("/")[2]

    async def lose() -> None:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 - a name of ours
            f" WHERE usename LIKE 'authgate_app%' AND datname = '{name}'"
        )
        await asyncio.sleep(0.05)  # the pool hears of it, and takes the connection back

    async def transaction() -> None:
        async with storage.transaction():
            await users.find_by_login("mira")
            await what(lose)

    with use_tenant(acme):
        [failed] = await asyncio.gather(transaction(), return_exceptions=True)
    assert isinstance(failed, Exception)
    assert storage.is_outage(failed), repr(failed)
