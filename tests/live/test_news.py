"""News of what changes: who is told of them, when, and when somebody looks without being told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from authgate import storage
from authgate.live import Kind, News, Newsroom, NoRoom, Room, Topic
from authgate.settings import DatabaseSettings
from authgate.storage.invalidation import EVERY_TOPIC, Invalidations, Listening
from authgate.storage.postgres.invalidation import PostgresInvalidations
from authgate.storage.sqlite.invalidation import SqliteInvalidations
from authgate_tenants import Tenant, use_tenant
from authgate_testing.tenants import ACME

WITHIN = 1.2
"""The second that is promised, and somebody else's turn."""
GLOBEX = replace(ACME, id=UUID(int=2), slug="globex")
CODE = str(uuid4())


@pytest.fixture
async def process(database: DatabaseSettings) -> AsyncIterator[Callable[[], Listening]]:
    """Opens what one process of several hears by."""
    opened: list[Listening] = []

    def made() -> Listening:
        kind = SqliteInvalidations if database.is_sqlite else PostgresInvalidations
        opened.append(kind(database))
        return opened[-1]

    yield made
    for each in opened:
        await each.__aexit__(None, None, None)


async def listens(invalidations: Listening) -> None:
    invalidations.begin()
    async with asyncio.timeout(20):
        while not invalidations.are_heard:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


async def told(tenant: Tenant, newsroom: Newsroom, of: str = CODE) -> None:
    with use_tenant(tenant):
        await newsroom.publish(Kind.DEVICE_CODE, of)


async def test_another_process_is_told_once_it_is_committed_and_not_before(
    process: Callable[[], Listening],
) -> None:
    one, other = process(), process()
    await listens(other)
    there, here = Newsroom(other), Newsroom(one)
    with use_tenant(ACME), there.listening(Topic.here(Kind.DEVICE_CODE, CODE)) as news:
        async with storage.transaction() as unit:
            await here.publish(Kind.DEVICE_CODE, CODE)
            unit.doom()
        async with storage.transaction():
            await here.publish(Kind.DEVICE_CODE, CODE)
            assert not await news.come(0.05)
        assert await news.come(WITHIN)


async def test_ti_33_who_listens_hears_of_their_tenant_and_of_what_they_listen_to() -> None:
    newsroom = Newsroom(Invalidations())
    with (
        newsroom.listening(Topic(ACME.id, Kind.DEVICE_CODE, CODE)) as one,
        newsroom.listening(Topic(ACME.id, Kind.DEVICE_CODE)) as every,
        newsroom.listening(Topic(GLOBEX.id, Kind.DEVICE_CODE, CODE)) as others,
    ):
        await told(ACME, newsroom, str(uuid4()))
        assert await heard(one, every, others) == [False, True, False]
        await told(ACME, newsroom)
        assert await heard(one, every, others) == [True, True, False]


async def heard(*listeners: News) -> list[bool]:
    return [await news.come(0.01) for news in listeners]


async def test_who_may_have_missed_something_looks_again() -> None:
    invalidations = Invalidations()
    newsroom = Newsroom(invalidations)
    with (
        newsroom.listening(Topic(ACME.id, Kind.DEVICE_CODE, CODE)) as ours,
        newsroom.listening(Topic(GLOBEX.id, Kind.DEVICE_CODE, CODE)) as theirs,
    ):
        invalidations.forget(EVERY_TOPIC, ACME.id)  # its tenant was suspended, or deleted
        assert await heard(ours, theirs) == [True, False]
        invalidations.forget(EVERY_TOPIC, None)  # the line was lost for a while
        assert await heard(ours, theirs) == [True, True]
        newsroom.wake_all()
        assert await heard(ours, theirs) == [True, True]


async def test_where_nobody_tells_of_other_processes_one_looks_each_second() -> None:
    topic = Topic(ACME.id, Kind.DEVICE_CODE)
    with Newsroom(Invalidations()).listening(topic) as news:
        began = asyncio.get_running_loop().time()
        assert await news.come(5)
        assert asyncio.get_running_loop().time() - began < WITHIN


def test_a_room_is_full_for_one_for_a_tenant_and_for_all() -> None:
    room = Room("devices", most=4, of_tenant=3, of_one=2)
    with ExitStack() as present:

        def refusal(tenant: Tenant, who: str) -> str:
            try:
                present.enter_context(room.taken(tenant.id, who))
            except NoRoom as error:
                return error.limit
            return ""

        assert [refusal(ACME, who) for who in "aaabc"] == ["", "", "one", "", "tenant"]
        assert [refusal(GLOBEX, who) for who in "ab"] == ["", "process"]
    with room.taken(GLOBEX.id, "b"):
        """Whoever leaves makes room."""
