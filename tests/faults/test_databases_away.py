"""While a database is away every request is told when to come back; afterwards all is well."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from authgate_testing.faults.deployment import Deployment
from authgate_testing.faults.history import Call, History, Kind
from authgate_testing.faults.load import Device, Machine, crowd
from authgate_testing.faults.nemesis import DATABASE_SECONDS, START_SECONDS, Nemesis

AWAY_SECONDS = 3.0
CLIENTS = [Machine, Device, Machine, Device]


@pytest.fixture
async def nemesis(deployment: Deployment, history: History) -> AsyncIterator[Nemesis]:
    """Knows when a host is well again."""
    nemesis = Nemesis(deployment, history, seed=1)
    yield nemesis
    await nemesis.close()


async def test_while_postgresql_is_away_whoever_asks_is_told_when_to_come_back(
    deployment: Deployment, history: History, nemesis: Nemesis, said: Callable[[str], None]
) -> None:
    struck = deployment.hosts[0]
    await struck.comes_to(lambda: struck.is_whole, within=START_SECONDS)
    failed_before = struck.lines("exit status")
    async with crowd(history, deployment.hosts, deployment.site.households, CLIENTS, seed=1):
        await asyncio.sleep(1)
        await deployment.site.end_postgres()
        went = time.monotonic()
        struck.kill_worker()
        await asyncio.sleep(AWAY_SECONDS)
        away = [call for call in history.calls if went < call.began]
        await deployment.site.start_postgres()
        await nemesis.recover("PostgreSQL's absence", deployment.hosts, DATABASE_SECONDS)
    said(f"PostgreSQL away for {AWAY_SECONDS:.0f} s: {_answers(away)}")
    _say_how_fast(nemesis, said)
    assert sum(call.status == 503 for call in away) > len(CLIENTS)
    # Nothing was done, and nobody was turned away for good; 401 is for wrong credentials.
    assert {call.status for call in away} <= {0, 401, 503}
    assert {call.kind for call in away if call.status == 401} <= {Kind.ABROAD}
    violations = await deployment.violations(history)
    assert not violations, deployment.explained(violations)
    assert not [str(each) for each in nemesis.recoveries if each.was_too_slow]
    # The worker that was started meanwhile has waited, rather than given up.
    await struck.comes_to(lambda: struck.is_whole, within=START_SECONDS)
    assert struck.lines("exit status") == failed_before


async def test_while_redis_is_away_everybody_is_served(
    deployment: Deployment, history: History, nemesis: Nemesis, said: Callable[[str], None]
) -> None:
    async with crowd(history, deployment.hosts, deployment.site.households, CLIENTS, seed=2):
        await asyncio.sleep(1)
        await deployment.site.end_redis()
        await asyncio.sleep(AWAY_SECONDS)
        await deployment.site.start_redis()
        await nemesis.recover("Redis' absence", deployment.hosts, DATABASE_SECONDS)
    said(f"Redis away for {AWAY_SECONDS:.0f} s: {_answers(history.calls)}")
    _say_how_fast(nemesis, said)
    assert not [str(call) for call in history.calls if call.may_have_been_done]
    violations = await deployment.violations(history)
    assert not violations, deployment.explained(violations)
    assert not [str(each) for each in nemesis.recoveries if each.was_too_slow]


def _answers(calls: Sequence[Call]) -> str:
    counted = Counter(call.status or call.broke for call in calls)
    return ", ".join(f"{count} x {answer}" for answer, count in counted.most_common())


def _say_how_fast(nemesis: Nemesis, said: Callable[[str], None]) -> None:
    for each in nemesis.recoveries:
        said(f"  well again: {each}")
