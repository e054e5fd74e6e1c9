"""``/overview``: what a tenant comes to, and what needs attention, as far as the scopes reach."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime, time, timedelta
from functools import partial

import pytest

from authgate import background
from authgate.background import handlers
from authgate.jobs import Result, RollUpUsage, port
from authgate.storage.jobs import kept_jobs
from authgate.storage.metering import roll_up, usage_days, usage_entries, usage_hours
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageMark
from authgate.storage.metering.usage_entries import UsageEntry
from authgate.storage.unit_of_work import transaction
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.crash_points import Asked
from authgate_testing.server import RunningServer


async def test_an_overview_tells_the_sums_of_its_own_tenant_and_what_its_scopes_show(
    server: RunningServer, acme: Tenant, api: ApiClient, foreign_api: ApiClient
) -> None:
    now = server.clock()
    today, hour = now.date(), now.replace(minute=0, second=0, microsecond=0)
    with use_tenant(acme):
        counted = [Count(ALL_CLIENTS, today, "client", 4), Count("portal", today, "client", 4)]
        await usage_days.add(Measure.FAILURES, counted)
        before = Count(ALL_CLIENTS, today - timedelta(days=7), "password", 9)
        await usage_days.add(Measure.FAILURES, [before])
        await usage_hours.add({Measure.FAILURES: {hour: 4}}, now=now)
        await kept_jobs.bury("x", {}, now=now, attempts=5, error="OSError", reason="")
    told = (await api.get("/overview")).json()
    midnight = datetime.combine(today, time(), UTC)
    assert told["span"] == "7d"
    assert {"measure": "failures", "total": 4, "before": 9} in told["figures"]
    assert (_when(told, "failures"), _total(told, "failures")) == ([midnight], 4)
    assert told["attention"] == [{"matter": "jobs_given_up", "total": 1}]
    assert datetime.fromisoformat(told["counted_until"]) <= server.clock()

    told = (await api.get("/overview?span=24h")).json()
    assert {"measure": "failures", "total": 4, "before": 0} in told["figures"]
    assert _when(told, "failures") == [hour]

    narrow = await api_client(server, acme, "authgate:usage:read")
    assert (await narrow.get("/overview")).json()["attention"] == []
    others = (await foreign_api.get("/overview")).json()
    assert {"measure": "failures", "total": 0, "before": 0} in others["figures"]
    assert others["attention"] == []
    assert is_problem(await api.get("/overview?span=1y"), 422, "invalid")


async def test_one_job_goes_on_until_all_is_added_up_and_others_leave_it_to_who_is_at_it(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "roll_up", partial(roll_up.roll_up, steps=1, step=3))
    jobs, asked = background.performer(server.parts), Asked()
    job = partial(jobs.perform, RollUpUsage(), tenant_id=acme.id)
    with use_tenant(acme), port.served_by(asked):
        for _ in range(5):
            await usage_entries.note(Measure.API_CALLS, now=server.clock())
        if not server.parts.settings.database.is_sqlite:
            async with transaction():
                await UsageMark.all().select_for_update().first()
                assert await asyncio.create_task(job(), context=Context()) is Result.DONE
            assert await UsageEntry.all().count() == 5
        assert await job() is Result.UNFINISHED
        assert asked == [(RollUpUsage(), acme.id, None)]
        while await job() is Result.UNFINISHED:
            pass
        assert not await UsageEntry.all().count()


def _when(told: dict[str, list[dict[str, str]]], measure: str) -> list[datetime]:
    steps = [each for each in told["steps"] if each["measure"] == measure]
    return [datetime.fromisoformat(each["begins"]) for each in steps]


def _total(told: dict[str, list[dict[str, int | str]]], measure: str) -> int:
    return sum(int(each["total"]) for each in told["steps"] if each["measure"] == measure)
