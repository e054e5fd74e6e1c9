"""Many who want one thing of the database do not keep everybody else from it."""

import asyncio
import contextvars
from datetime import timedelta
from functools import partial

from authgate import storage
from authgate.storage import connection
from authgate.storage.batches.contest import Contest
from authgate.storage.grants import spent_jtis
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.meanwhile import somebody_waits
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

CROWD = 30


@on_postgres
async def test_of_a_crowd_that_spends_one_jti_one_waits_in_the_database(
    server: RunningServer, postgres: PostgresServer, acme: Tenant
) -> None:
    expires_at = server.clock() + timedelta(minutes=1)
    spend = partial(spent_jtis.spend, "test", "signer", "jti", expires_at=expires_at)
    with use_tenant(acme):
        apart = contextvars.copy_context()
        async with storage.transaction():
            assert await spend()
            crowd = [asyncio.create_task(spend(), context=apart.copy()) for _ in range(CROWD)]
            async with asyncio.timeout(10):
                await somebody_waits(postgres)
            in_use = apart.run(connection.load).pool_in_use
    assert await asyncio.gather(*crowd) == [False] * CROWD
    assert in_use == 2, "this one's, and that of one of the crowd"


async def test_where_who_has_asked_gives_up_another_one_asks() -> None:
    contest, is_asked, answered = Contest(), asyncio.Queue[int](), asyncio.Event()

    async def enter(number: int) -> bool:
        return await contest.enter("it", partial(ask, number), lost=False)

    async def ask(number: int) -> bool:
        is_asked.put_nowait(number)
        await answered.wait()
        return True

    crowd = [asyncio.create_task(enter(number)) for number in range(3)]
    assert await is_asked.get() == 0
    crowd[0].cancel()
    assert await is_asked.get() == 1
    answered.set()
    assert await asyncio.gather(*crowd[1:]) == [True, False]
