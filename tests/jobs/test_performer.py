"""One job: in its tenant, in its time, and gone without a trace."""

import asyncio
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from authgate.jobs import Job, RemoveExpired, Result
from authgate.telemetry.families import REGISTRY
from authgate_tenants import TenantStatus, current_tenant, use_tenant
from authgate_tenants.scope import tenant_in_scope

left_over: ContextVar[str] = ContextVar("left_over", default="")


async def test_a_job_is_done_inside_of_its_tenant(office: Any) -> None:
    seen: list[str] = []

    async def look(_: Job) -> None:
        seen.append(current_tenant().slug)

    office.do = look
    for number in (1, 2):
        result = await office.performer().perform(office.errand(), tenant_id=UUID(int=number))
        assert result is Result.DONE
    assert seen == ["acme", "globex"]


async def test_a_job_of_the_installation_is_done_inside_of_no_tenant(office: Any) -> None:
    async def look(_: Job) -> None:
        assert tenant_in_scope() is None

    office.do = look
    with use_tenant(office.tenants[UUID(int=1)]):
        assert await office.performer().perform(office.errand(), tenant_id=None) is Result.DONE


async def test_a_job_of_a_tenant_that_is_no_more_is_dropped(office: Any) -> None:
    result = await office.performer().perform(office.errand(), tenant_id=UUID(int=3))
    assert result is Result.NO_TENANT
    assert office.done == []


async def test_ti_27_a_job_of_a_suspended_tenant_is_dropped_unless_it_would_not_come_again(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = office.tenants[UUID(int=1)]
    office.tenants[acme.id] = replace(acme, status=TenantStatus.SUSPENDED)
    result = await office.performer().perform(office.errand(), tenant_id=acme.id)
    assert result is Result.SUSPENDED
    assert office.done == []
    monkeypatch.setattr(office.errand, "while_suspended", True)
    result = await office.performer().perform(office.errand(), tenant_id=acme.id)
    assert result is Result.DONE


async def test_a_job_that_fails_is_logged_with_its_error_and_fails_nobody_else(
    office: Any,
) -> None:
    async def fail(_: Job) -> None:
        raise RuntimeError("no")

    office.do = fail
    with capture_logs() as logs:
        result = await office.performer().perform(office.errand(), tenant_id=None)
    assert result is Result.FAILED
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("job failed", "error"),
        ("job ended", "info"),
    ]


async def test_a_job_that_takes_too_long_is_broken_off(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: Job) -> None:
        await asyncio.Event().wait()

    office.do = hang
    monkeypatch.setattr(office.errand, "seconds", 0.01)
    result = await office.performer().perform(office.errand(), tenant_id=None)
    assert result is Result.TOO_SLOW


async def test_a_time_limit_of_the_jobs_own_is_a_failure_like_any_other(office: Any) -> None:
    async def give_up(_: Job) -> None:
        raise TimeoutError

    office.do = give_up
    assert await office.performer().perform(office.errand(), tenant_id=None) is Result.FAILED


async def test_a_job_that_nobody_does_fails(office: Any) -> None:
    assert await office.performer().perform(RemoveExpired(), tenant_id=None) is Result.FAILED


async def test_whoever_waits_for_a_job_can_break_it_off(office: Any) -> None:
    broken_off = asyncio.Event()

    async def hang(_: Job) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            broken_off.set()

    office.do = hang
    waiting = asyncio.create_task(office.performer().perform(office.errand(), tenant_id=None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert broken_off.is_set()


async def test_a_job_is_measured_by_its_name_and_its_end(office: Any) -> None:
    labels = {"kind": "errand", "result": "done"}
    name = "authgate_job_duration_seconds_count"
    before = REGISTRY.get_sample_value(name, labels) or 0
    await office.performer().perform(office.errand(), tenant_id=None)
    assert REGISTRY.get_sample_value(name, labels) == before + 1


async def test_ti_17_of_10_000_jobs_in_turn_none_finds_what_another_left(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[object] = []

    async def litter(errand: Any) -> None:
        wanted = UUID(int=errand.number)
        if current_tenant().id != wanted or left_over.get():
            found.append((errand, current_tenant().slug, left_over.get()))
        left_over.set(current_tenant().slug)
        match errand.what:
            case "raise":
                raise RuntimeError
            case "hang":
                await asyncio.sleep(1)
            case "forget to leave":
                use_tenant(current_tenant()).__enter__()

    office.do = litter
    monkeypatch.setattr(office.errand, "seconds", 0.0005)
    performer = office.performer()
    ways = ["end"] * 60 + ["raise"] * 30 + ["forget to leave"] * 8 + ["hang"] * 2
    with capture_logs():
        for turn in range(10_000):
            errand = office.errand(what=ways[turn * 7919 % len(ways)], number=1 + turn % 2)
            await performer.perform(errand, tenant_id=UUID(int=errand.number))
    assert found == []
    assert tenant_in_scope() is None
