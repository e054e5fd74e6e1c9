"""The services that tests stand on are real, separate and clean."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from playwright.async_api import Page
from redis.asyncio import Redis

from authgate_testing import BrowserContextFactory, PgBouncer, PostgresServer
from authgate_testing.programs import MissingProgram, find


async def test_postgres_runs_statements(postgres: PostgresServer, postgres_database: str) -> None:
    connection = await asyncpg.connect(postgres.superuser_dsn(postgres_database))
    assert await connection.fetchval("SELECT current_database()") == postgres_database
    await connection.close()


async def test_a_database_is_a_copy_of_its_template(
    postgres: PostgresServer, postgres_database: str
) -> None:
    postgres.execute("CREATE TABLE kept (id int)", database=postgres_database)
    copy = f"{postgres_database}_copy"
    postgres.create_database(copy, template=postgres_database)
    assert postgres.execute("SELECT count(*) FROM kept", database=copy) == ["0"]
    postgres.drop_database(copy)


async def test_the_pooler_lets_any_role_in_and_keeps_it(
    postgres: PostgresServer, pgbouncer: PgBouncer, postgres_database: str
) -> None:
    role = f"role_{postgres_database}"
    postgres.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'unused'")
    connection = await asyncpg.connect(
        pgbouncer.dsn(postgres_database, user=role), statement_cache_size=0
    )
    assert await connection.fetchval("SELECT current_user") == role
    await connection.close()
    postgres.execute(f"DROP ROLE {role}")


async def test_redis_is_empty_for_each_test(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.dbsize() == 0
        await redis.set("left", "behind")


async def test_redis_is_empty_again(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.dbsize() == 0


async def test_a_page_without_faults_passes_axe(
    browser_page: Page, axe_violations: Callable[[Page], Awaitable[list[str]]]
) -> None:
    await browser_page.set_content(
        "<!doctype html><html lang=en><title>A page</title><main><h1>Hello</h1></main></html>"
    )
    assert await axe_violations(browser_page) == []


async def test_a_page_with_a_fault_does_not(
    browser_page: Page, axe_violations: Callable[[Page], Awaitable[list[str]]]
) -> None:
    await browser_page.set_content("<!doctype html><html lang=en><title>A</title><img src=x>")
    assert any("image-alt" in line for line in await axe_violations(browser_page))


async def test_two_people_share_no_cookie(browser_context_factory: BrowserContextFactory) -> None:
    one, other = await browser_context_factory(), await browser_context_factory()
    await one.add_cookies([{"name": "a", "value": "b", "url": "http://localhost"}])
    assert await other.cookies() == []


def test_a_missing_program_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(MissingProgram, match="make services"):
        find("no-such-program", package="nothing")
