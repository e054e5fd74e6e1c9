"""What many ask at once: answered together, and none held up by another's tenant."""

import asyncio
import traceback
from collections.abc import Sequence
from contextvars import copy_context
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from authgate.storage import StorageUnavailable
from authgate.storage.batches.batching import Batcher, Waiting
from authgate.storage.batches.lookups import Lookup, Lookups, Record
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant

_BY_NAME = Lookup("things", "name", ("size",))


def _tenant(slug: str) -> Tenant:
    return Tenant(
        id=uuid7(),
        slug=slug,
        name=slug,
        status=TenantStatus.ACTIVE,
        issuer=f"http://localhost:8080/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )


ACME, GLOBEX, INITECH = (_tenant(slug) for slug in ("acme", "globex", "initech"))


class _Database:
    """Stands for a line on which one tenant's question goes wrong in a way of our choosing."""

    def __init__(self) -> None:
        self.asked: list[UUID | None] = []
        self.error: Exception | None = None
        self.passable = asyncio.Event()
        self.passable.set()

    async def read(self, tenant_id: UUID | None, lookup: Lookup, keys: list[Any]) -> list[Record]:
        self.asked.append(tenant_id)
        if tenant_id == GLOBEX.id:
            await self.passable.wait()
            if self.error is not None:
                raise self.error
        return [{lookup.key: key, "size": 1} for key in keys]

    async def close(self) -> None:
        pass


def _asking(lookups: Lookups, tenant: Tenant) -> asyncio.Task[Record | None]:
    with use_tenant(tenant):
        return asyncio.create_task(lookups.find(_BY_NAME, "a"), context=copy_context())


async def test_a_tenants_answer_does_not_wait_for_the_next_tenants_question() -> None:
    line = _Database()
    lookups = Lookups(line, seconds=5)
    line.passable.clear()
    first, held_up = _asking(lookups, ACME), _asking(lookups, GLOBEX)
    assert await asyncio.wait_for(first, 30) == {"name": "a", "size": 1}
    assert not held_up.done()
    line.passable.set()
    assert await held_up is not None
    await lookups.close()


async def test_what_is_the_platforms_is_looked_up_once_for_the_requests_of_all_tenants() -> None:
    line = _Database()
    lookups = Lookups(line, seconds=5)
    host = Lookup("hosts", "name", ("size",), of_tenants=False)
    tasks = []
    for tenant in (ACME, GLOBEX, INITECH):
        with use_tenant(tenant):
            finding = lookups.find(host, tenant.slug)
            tasks.append(asyncio.create_task(finding, context=copy_context()))
    found = await asyncio.gather(*tasks)
    assert [each and each["name"] for each in found] == ["acme", "globex", "initech"]
    assert line.asked == [None]
    await lookups.close()


async def test_an_outage_fails_the_questions_behind_it_at_once() -> None:
    line = _Database()
    line.error = TimeoutError()
    lookups = Lookups(line, seconds=5)
    tasks = [_asking(lookups, tenant) for tenant in (ACME, GLOBEX, INITECH)]
    answered, *failed = await asyncio.gather(*tasks, return_exceptions=True)
    assert answered == {"name": "a", "size": 1}
    assert [type(error) for error in failed] == [TimeoutError, TimeoutError]
    assert line.asked == [ACME.id, GLOBEX.id]
    await lookups.close()


async def test_an_error_of_one_tenants_question_is_not_the_others() -> None:
    line = _Database()
    line.error = ValueError("bad key")
    lookups = Lookups(line, seconds=5)
    tasks = [_asking(lookups, tenant) for tenant in (ACME, GLOBEX, INITECH)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(outcome, ValueError) for outcome in outcomes] == [False, True, False]
    await lookups.close()


async def test_each_request_of_a_failed_batch_has_an_error_of_its_own() -> None:
    async def perform(batch: Sequence[Waiting[int, None]]) -> None:
        raise OSError(5, "told to all")

    batcher: Batcher[int, None] = Batcher(perform, seconds=5)
    errors = await asyncio.gather(
        *(batcher.submit(number) for number in range(50)), return_exceptions=True
    )
    assert len({id(error) for error in errors}) == 50
    for error in errors:
        assert isinstance(error, OSError)
        assert error.errno == 5
        assert len(traceback.extract_tb(error.__traceback__)) < 5


async def test_nobody_waits_longer_than_the_limit_and_who_has_gone_is_not_served() -> None:
    served: list[int] = []
    goes_on = asyncio.Event()

    async def perform(batch: Sequence[Waiting[int, None]]) -> None:
        await goes_on.wait()
        for waiting in batch:
            served.append(waiting.item)
            waiting.answer(None)

    batcher: Batcher[int, None] = Batcher(perform, seconds=0.05)
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        await batcher.submit(2)
    with pytest.raises(StorageUnavailable):
        await first
    goes_on.set()
    await batcher.close()
    assert served == [1]
