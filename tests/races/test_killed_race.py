"""A server that is killed, or whose database fails, after something was spent and before that was
answered: it is spent with what it yields, or it is not spent."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from authgate.settings import DatabaseSettings
from authgate.storage.issued.refresh_tokens import RefreshStatus, RefreshToken
from authgate.storage.issued.tokens import Token
from authgate_tenants import use_tenant
from authgate_testing.application import Application, allowed
from authgate_testing.databases import on_postgres
from authgate_testing.meanwhile import somebody_waits
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer

pytestmark = on_postgres


@pytest.fixture
def database(database_settings: DatabaseSettings) -> str:
    """The name of the servers' database."""
    return urlsplit(database_settings.url.get_secret_value()).path.strip("/")


class Spent:
    """A refresh token, and a code of another sign-in, that a server is asked to spend at once."""

    def __init__(self, console: Application, former: dict[str, str], code: dict[str, str]) -> None:
        self._console = console
        self.refresh_token = former["refresh_token"]
        self.code = code

    @classmethod
    async def soon(cls, console: Application, person: Person) -> "Spent":
        former, asking = await console.signed_in(person), console.ask()
        code = (await allowed(person, asking))["code"]
        return cls(console, former, console.redemption(code, asking))

    async def at(self, victim: asyncio.subprocess.Process) -> None:
        """Ask; nobody listens to the answer."""
        refresh = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        url = f"{self._console.tenant.issuer}/oauth/token"
        forms = self._console.credentials() | refresh, self.code
        line = json.dumps([{"url": url, "data": form, "times": 1} for form in forms])
        assert victim.stdin is not None
        victim.stdin.write(line.encode() + b"\n")
        await victim.stdin.drain()

    async def again(self) -> tuple[int, int]:
        """Ask another server; what the refresh and the code are answered with."""
        refreshed = await self._console.refresh(self.refresh_token)
        redeemed = await self._console.token(**self.code)
        return refreshed.status_code, redeemed.status_code


async def test_co_10_rt_15_who_is_killed_before_commit_has_spent_nothing(
    victim: asyncio.subprocess.Process,
    postgres: PostgresServer,
    database: str,
    console: Application,
    person: Person,
) -> None:
    spent = await Spent.soon(console, person)
    line = await asyncpg.connect(postgres.superuser_dsn(database))
    try:
        async with line.transaction():
            await line.execute("LOCK TABLE tokens IN SHARE MODE")  # nobody adds a row meanwhile
            await spent.at(victim)
            async with asyncio.timeout(20):
                await somebody_waits(postgres)
            victim.kill()
            await victim.wait()
    finally:
        await line.close()
    assert await spent.again() == (200, 200)
    with use_tenant(console.tenant):
        families = {row.family_id for row in await RefreshToken.all()}
        assert len(families) == 2
        assert await Token.all().count() == 3


async def test_co_10_rt_15_who_is_killed_after_commit_has_spent_it_with_what_it_yields(
    victim: asyncio.subprocess.Process, console: Application, person: Person
) -> None:
    spent = await Spent.soon(console, person)
    await spent.at(victim)
    with use_tenant(console.tenant):
        async with asyncio.timeout(20):
            while await RefreshToken.all().count() < 3:
                pass
        victim.kill()
        await victim.wait()
        # The refresh is repeated, and the code is not.
        assert await spent.again() == (200, 400)
        rotated = await RefreshToken.filter(status=RefreshStatus.ROTATED)
        lasting = await RefreshToken.filter(status=RefreshStatus.ACTIVE)
    assert len(rotated) == len(lasting) == 1, "no second successor, and nothing of the code's"
    assert rotated[0].family_id == lasting[0].family_id


async def test_co_11_rt_15_what_the_database_fails_to_store_is_not_spent(
    postgres: PostgresServer, database: str, console: Application, person: Person
) -> None:
    spent = await Spent.soon(console, person)
    with full_disk(postgres, database):
        assert await spent.again() == (503, 503)
    assert await spent.again() == (200, 200)


@contextmanager
def full_disk(postgres: PostgresServer, database: str) -> Iterator[None]:
    """Have the database store no token, as where there is no place for it."""
    postgres.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE disk_full; END $$",
        "CREATE TRIGGER full_disk AFTER INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION full_disk()",
        database=database,
    )
    try:
        yield
    finally:
        postgres.execute("DROP FUNCTION full_disk CASCADE", database=database)
