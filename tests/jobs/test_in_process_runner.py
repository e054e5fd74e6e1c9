"""Jobs beside the requests."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from authgate.jobs import InProcessRunner, Job, Periodic, QueueUnavailable
from authgate_tenants import current_tenant, use_tenant


async def test_every_job_is_done(office: Any) -> None:
    async with InProcessRunner(office.performer()) as runner:
        for number in range(50):
            await runner.enqueue(office.errand(number=number), tenant_id=None)
    assert sorted(errand.number for errand in office.done) == list(range(50))


async def test_ti_17_a_job_sees_its_own_tenant_whoever_asked_for_it(office: Any) -> None:
    seen: Counter[str] = Counter()

    async def look(_: Job) -> None:
        seen[current_tenant().slug] += 1

    office.do = look
    async with InProcessRunner(office.performer()) as runner:
        for tenant in office.tenants.values():
            with use_tenant(tenant):
                for other in (1, 2):
                    await runner.enqueue(office.errand(), tenant_id=UUID(int=other))
    assert seen == {"acme": 2, "globex": 2}


async def test_no_more_than_a_few_are_done_at_once(office: Any) -> None:
    running = most = 0

    async def count(_: Job) -> None:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.001)
        running -= 1

    office.do = count
    async with InProcessRunner(office.performer(), at_once=3) as runner:
        for _ in range(30):
            await runner.enqueue(office.errand(), tenant_id=None)
    assert most == 3


async def test_a_job_that_fails_ends_neither_the_runner_nor_its_neighbours(office: Any) -> None:
    async def fail(errand: Any) -> None:
        if errand.what == "fail":
            raise RuntimeError

    office.do = fail
    async with InProcessRunner(office.performer(), at_once=1) as runner:
        for what in ("fail", "fail", "end"):
            await runner.enqueue(office.errand(what=what), tenant_id=None)
    assert [errand.what for errand in office.done] == ["end"]


async def test_a_job_that_fails_is_tried_again_and_given_up_in_the_end(office: Any) -> None:
    tries, enough = Counter[str](), asyncio.Event()

    async def fail(errand: Any) -> None:
        tries[errand.what] += 1
        if tries["hopeless"] == 3 and tries["once"] == 2:
            enough.set()
        if errand.what == "hopeless" or tries[errand.what] == 1:
            raise RuntimeError

    office.do = fail
    async with (
        asyncio.timeout(30),
        InProcessRunner(office.performer(), again_after=(0.001, 0.002)) as runner,
    ):
        for what in ("hopeless", "once"):
            await runner.enqueue(office.errand(what=what), tenant_id=None)
        await enough.wait()
        await asyncio.sleep(0.02)  # in which a fourth try would be made
    assert tries == {"hopeless": 3, "once": 2}


async def test_what_is_too_much_is_refused_at_once(office: Any) -> None:
    hold = asyncio.Event()

    async def wait(_: Job) -> None:
        await hold.wait()

    office.do = wait
    async with InProcessRunner(office.performer(), at_once=1, waiting=2) as runner:
        await runner.enqueue(office.errand(), tenant_id=None)
        await asyncio.sleep(0)  # the first one is begun
        for _ in range(2):
            await runner.enqueue(office.errand(), tenant_id=None)
        with pytest.raises(QueueUnavailable):
            await runner.enqueue(office.errand(), tenant_id=None)
        hold.set()
    assert len(office.done) == 3


async def test_nothing_is_taken_before_it_starts_or_after_it_has_ended(office: Any) -> None:
    runner = InProcessRunner(office.performer())
    with pytest.raises(QueueUnavailable):
        await runner.enqueue(office.errand(), tenant_id=None)
    async with runner:
        pass
    with pytest.raises(QueueUnavailable):
        await runner.enqueue(office.errand(), tenant_id=None)


async def test_what_is_periodic_is_done_again_and_again_though_it_fails(office: Any) -> None:
    times, enough = 0, asyncio.Event()

    async def fail(_: Job) -> None:
        nonlocal times
        times += 1
        if times == 5:
            enough.set()
        raise RuntimeError

    office.do = fail
    schedule = [Periodic(office.errand(), seconds=0.001)]
    async with InProcessRunner(office.performer(), schedule=schedule), asyncio.timeout(30):
        await enough.wait()


async def test_what_is_periodic_never_overtakes_itself(office: Any) -> None:
    running, rounds, enough = 0, 0, asyncio.Event()

    async def slowly(_: Job) -> None:
        nonlocal running, rounds
        assert running == 0
        running, rounds = running + 1, rounds + 1
        await asyncio.sleep(0.005)
        running -= 1
        if rounds == 4:
            enough.set()

    office.do = slowly
    schedule = [Periodic(office.errand(), seconds=0.001)]
    async with InProcessRunner(office.performer(), schedule=schedule), asyncio.timeout(30):
        await enough.wait()


@pytest.mark.parametrize(("chance", "pauses"), [(0.0, (0, 100)), (0.5, (5, 105)), (1.0, (10, 110))])
async def test_servers_that_start_together_do_not_work_together(
    office: Any, monkeypatch: pytest.MonkeyPatch, chance: float, pauses: tuple[int, int]
) -> None:
    asked: list[float] = []

    async def pause(runner: InProcessRunner, seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 2:
            runner._stopping.set()

    monkeypatch.setattr(InProcessRunner, "_pause", pause)
    schedule = [Periodic(office.errand(), seconds=100)]
    runner = InProcessRunner(office.performer(), schedule=schedule, chance=lambda: chance)
    async with runner:
        await asyncio.wait_for(asyncio.gather(*runner._clocks), 30)
    assert asked == pytest.approx(pauses, abs=1)


async def test_the_end_waits_for_what_is_begun_and_for_what_waits(office: Any) -> None:
    async def take_a_while(_: Job) -> None:
        await asyncio.sleep(0.01)

    office.do = take_a_while
    async with InProcessRunner(office.performer(), at_once=1) as runner:
        for _ in range(3):
            await runner.enqueue(office.errand(), tenant_id=None)
    assert len(office.done) == 3


async def test_the_end_does_not_wait_for_ever(office: Any) -> None:
    async def hang(_: Job) -> None:
        await asyncio.Event().wait()

    office.do = hang
    async with asyncio.timeout(30):
        async with InProcessRunner(office.performer(), drain_seconds=0.01) as runner:
            await runner.enqueue(office.errand(), tenant_id=None)
    assert office.done == []
