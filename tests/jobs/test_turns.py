"""A job that comes again is done once in each window, by whoever asks first (F12)."""

import asyncio
from typing import Any

import pytest
from tortoise import connections

from authgate.background.turns import StoredTurns
from authgate.jobs import InProcessRunner, Job, Performer, Periodic, Result
from authgate.settings import DatabaseSettings
from authgate.storage.jobs import periodic_jobs

LONG = 3600.0
_WRITTEN = "UPDATE periodic_jobs SET "


@pytest.fixture(autouse=True)
def _stored(database: DatabaseSettings) -> None:
    """On each kind of database."""


async def take(runner: str, *, seconds: float = LONG) -> int | None:
    return (await periodic_jobs.take("errand", seconds=seconds, runner=runner)).turn


async def database_says(change: str) -> None:
    await connections.get("default").execute_query(_WRITTEN + change)


async def test_of_all_that_ask_at_once_one_has_the_window() -> None:
    taken = await asyncio.gather(*(take(str(number)) for number in range(20)))
    assert sum(turn is not None for turn in taken) == 1


async def test_a_window_that_was_used_well_is_nobody_elses() -> None:
    turn = await take("one")
    assert turn is not None
    await periodic_jobs.end("errand", turn, runner="one")
    assert await take("other") is None
    [known] = await periodic_jobs.every()
    assert known.succeeded_at is not None
    assert not known.is_running


async def test_a_window_in_which_it_went_wrong_is_anybodys_again() -> None:
    turn = await take("one")
    assert turn is not None
    await periodic_jobs.end("errand", turn, runner="one", error="TimeoutError")
    [known] = await periodic_jobs.every()
    assert (known.failures, known.error, known.succeeded_at) == (1, "TimeoutError", None)
    assert await take("other") == turn


async def test_whatever_was_missed_is_made_up_for_once() -> None:
    turn = await take("one")
    assert turn is not None
    await periodic_jobs.end("errand", turn, runner="one")
    await database_says("turn = turn - 9")
    assert await take("one") == turn
    await periodic_jobs.end("errand", turn, runner="one")
    assert await take("one") is None


async def test_who_is_at_it_is_not_overtaken_in_the_next_window() -> None:
    turn = await take("one")
    await database_says("turn = turn - 1")
    assert await take("other") is None
    assert turn is not None
    await database_says("turn = turn + 1, until = until - 25")
    await periodic_jobs.keep("errand", turn, runner="one")
    await database_says("until = until - 25")
    assert await take("other") is None


async def test_f10_who_was_killed_over_it_is_followed_by_another_one() -> None:
    turn = await take("one")
    assert await periodic_jobs.is_held("errand", runner="one")
    await database_says(f"until = until - {periodic_jobs.LEASE_SECONDS + 1}")
    assert not await periodic_jobs.is_held("errand", runner="one")
    assert await take("other") == turn


async def test_who_comes_back_too_late_ends_nobody_elses_turn() -> None:
    turn = await take("one")
    assert turn is not None
    await database_says("until = until - 60")
    await take("other")
    await periodic_jobs.end("errand", turn, runner="one")
    assert await periodic_jobs.is_held("errand", runner="other")


@pytest.mark.parametrize("hours", [1, -1])
async def test_f13_a_database_whose_clock_jumps_leaves_nothing_undone(hours: int) -> None:
    turn = await take("one", seconds=60)
    assert turn is not None
    await periodic_jobs.end("errand", turn, runner="one")
    # What it had written by its other clock.
    await database_says(f"turn = turn - {hours} * 60, begun_at = begun_at - {hours} * 3600")
    assert await take("one", seconds=60) is not None


async def test_each_job_has_windows_of_its_own_that_begin_when_it_says() -> None:
    errand = await periodic_jobs.take("errand", seconds=LONG, runner="one")
    other = await periodic_jobs.take("other", seconds=LONG, runner="one")
    assert other.turn is not None
    assert abs(errand.next_in - other.next_in) > 1
    assert 0 < errand.next_in <= LONG


async def test_of_several_servers_one_does_it_in_each_window(office: Any) -> None:
    done: list[int] = []

    async def note(_: Job) -> None:
        done.append(1)

    office.do = note
    schedule = [Periodic(office.errand(), seconds=0.1)]
    performer = office.performer(turns=StoredTurns())
    runners = [InProcessRunner(performer, schedule=schedule) for _ in range(3)]
    for each in runners:
        await each.__aenter__()
    await asyncio.sleep(0.7)
    for each in runners:
        await each.__aexit__(None, None, None)
    assert 3 <= len(done) <= 9


async def test_who_was_asked_before_and_killed_waits_until_it_is_over(office: Any) -> None:
    performer: Performer = office.performer(turns=StoredTurns())
    periodic = Periodic(office.errand(), seconds=LONG)
    await take("message")
    asked = await performer.perform_in_turn(periodic, runner="message", is_again=True)
    assert asked.result is Result.HELD
    asked = await performer.perform_in_turn(periodic, runner="another")
    assert asked.result is Result.NOT_DUE
    await database_says("until = until - 60")
    asked = await performer.perform_in_turn(periodic, runner="message", is_again=True)
    assert asked.result is Result.DONE
    assert len(office.done) == 1
