"""Jobs that are kept until they are done: nothing that a change leaves is lost, and what is given
up can be looked at."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from authgate import background, installation, provisioning, storage
from authgate.accounts import leavings
from authgate.background import keeping
from authgate.clock import utc_now
from authgate.jobs import (
    EndTheRest,
    ExportAudit,
    Job,
    Performer,
    Result,
    SendMails,
    TakeUpJobs,
    port,
)
from authgate.jobs.handlers import arguments_of
from authgate.jobs.keeping import Fault
from authgate.provisioning import NewClient, tenant_jobs
from authgate.settings import Settings
from authgate.storage.audit import audit_erasures
from authgate.storage.audit.audit_logs import AuditLogRow
from authgate.storage.issued import mass_ending
from authgate.storage.issued.tokens import Token
from authgate.storage.jobs import kept_jobs
from authgate.storage.jobs.kept_jobs import SILENCE, KeptJobRow, KeptState
from authgate.storage.people import account_deletions
from authgate.telemetry.families import REGISTRY
from authgate.vocabulary import TokenStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import client_token
from authgate_testing.databases import on_sqlite
from authgate_testing.server import MovableClock, RunningServer

JOB = EndTheRest(client_id="somebody")
VERY_MANY = 4


class Taken(list[tuple[Job, UUID | None]]):
    """A queue that notes what it is given, and forgets it when its process is killed."""

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        self.append((job, kept))


@pytest.fixture
def taken() -> Iterator[Taken]:
    """What jobs are asked for."""
    queue = Taken()
    with port.served_by(queue):
        yield queue


@pytest.fixture
def performer(server: RunningServer, taken: Taken) -> Performer:
    """What does the server's jobs."""
    return background.performer(server.parts)


async def kept_one() -> UUID:
    return await kept_jobs.keep(JOB.name, arguments_of(JOB), now=utc_now(), is_hinted=True)


async def test_what_a_change_leaves_is_done_though_everybody_who_knew_of_it_was_killed(
    server: RunningServer,
    acme: Tenant,
    machine: NewClient,
    taken: Taken,
    performer: Performer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mass_ending, "AT_ONCE", 2)
    monkeypatch.setattr(mass_ending, "_BATCH", 1)
    for _ in range(VERY_MANY):
        await client_token(server, acme, machine, "read")
    with use_tenant(acme):
        await provisioning.revoke_client_tokens(server.parts, machine.client.client_id)
    taken.clear()
    await performer.perform(TakeUpJobs(), tenant_id=None)
    assert taken == []  # whoever was asked may still be at it
    server.clock.advance(SILENCE.total_seconds() + 1)
    await performer.perform(TakeUpJobs(), tenant_id=None)
    [(job, kept)] = taken
    assert await performer.perform(job, tenant_id=acme.id, kept=kept) is Result.DONE
    with use_tenant(acme):
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 0
        assert await kept_jobs.every() == []


async def test_a_change_that_is_undone_leaves_nothing_to_do(acme: Tenant, taken: Taken) -> None:
    with use_tenant(acme):
        async with storage.transaction() as unit:
            await leavings.later(client_id="somebody")
            unit.doom()
        assert await kept_jobs.every() == []
    assert taken == []


async def test_what_is_not_finished_is_gone_on_with(
    acme: Tenant, taken: Taken, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_end(job: EndTheRest) -> bool:
        return False

    monkeypatch.setattr(leavings, "end", no_end)
    with use_tenant(acme):
        kept = await kept_one()
    result = await performer.perform(JOB, tenant_id=acme.id, kept=kept)
    assert result is Result.UNFINISHED
    assert taken == [(JOB, kept)]
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert (one.state, one.attempts) == (KeptState.WAITING, 0)


async def test_what_goes_wrong_again_and_again_is_given_up_and_can_be_looked_at(
    server: RunningServer,
    acme: Tenant,
    taken: Taken,
    performer: Performer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(job: EndTheRest) -> bool:
        raise ValueError("password=hunter2 is wrong")

    monkeypatch.setattr(leavings, "end", fail)
    with use_tenant(acme):
        kept = await kept_one()
    results = [await performer.perform(JOB, tenant_id=acme.id, kept=kept) for _ in range(5)]
    assert results == [Result.POSTPONED] * 4 + [Result.GIVEN_UP]
    server.clock.advance(86400)
    await performer.perform(TakeUpJobs(), tenant_id=None)
    assert taken == []
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert (one.state, one.attempts, one.error) == (KeptState.FAILED, 5, "ValueError")
    assert one.reason == "password=*** is wrong"


async def test_what_nobody_kept_is_kept_once_it_is_given_up_the_same_one_once(
    acme: Tenant, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Job) -> None:
        raise OSError("no route")

    performer.handlers.add(SendMails, fail)
    for attempt in (1, 2, 3):
        await performer.perform(
            SendMails(), tenant_id=acme.id, attempt=attempt, is_last=attempt > 1
        )
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert (one.name, one.state, one.attempts) == ("send-mails", KeptState.FAILED, 3)
    assert (one.error, one.reason) == ("OSError", "no route")


async def test_f11_a_kept_job_that_is_delivered_twice_is_done_by_one(
    acme: Tenant, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[EndTheRest] = []

    async def slowly(job: EndTheRest) -> bool:
        await asyncio.sleep(0.02)
        done.append(job)
        return True

    monkeypatch.setattr(leavings, "end", slowly)
    with use_tenant(acme):
        kept = await kept_one()
    results = await asyncio.gather(
        *(performer.perform(JOB, tenant_id=acme.id, kept=kept) for _ in range(3))
    )
    assert sorted(results) == [Result.DONE, Result.NOT_DUE, Result.NOT_DUE]
    assert done == [JOB]


async def test_who_was_killed_in_the_middle_of_a_kept_job_is_followed_once_his_time_is_over(
    server: RunningServer, acme: Tenant, taken: Taken, performer: Performer
) -> None:
    now = server.clock()
    with use_tenant(acme):
        kept = await kept_one()
        assert await kept_jobs.begin(kept, now=now, until=now + timedelta(minutes=2)) == 1
    await performer.perform(TakeUpJobs(), tenant_id=None)
    assert taken == []
    server.clock.advance(180)
    await performer.perform(TakeUpJobs(), tenant_id=None)
    assert taken == [(JOB, kept)]


async def test_a_kept_job_that_kills_whoever_does_it_is_given_up(
    server: RunningServer, acme: Tenant
) -> None:
    keeper = keeping.StoredKeeping(server.parts)
    with use_tenant(acme):
        kept = await kept_one()
    for attempt in range(1, 6):
        held = await keeper.begin(acme.id, kept, JOB)
        assert held is not None
        assert held.attempt == attempt
        server.clock.advance(JOB.seconds + 60)
    assert await keeper.begin(acme.id, kept, JOB) is None
    assert await keeper.begin(acme.id, kept, JOB) is None
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert (one.state, one.error) == (KeptState.FAILED, "Killed")


async def test_who_was_slow_has_no_say_in_a_kept_job_that_another_one_has_begun_meanwhile(
    server: RunningServer, acme: Tenant
) -> None:
    keeper, fault = keeping.StoredKeeping(server.parts), Fault("OSError", "")
    with use_tenant(acme):
        kept = await kept_one()
    slow = await keeper.begin(acme.id, kept, JOB)
    server.clock.advance(JOB.seconds + 60)
    second = await keeper.begin(acme.id, kept, JOB)
    assert slow is not None
    assert second is not None
    await keeper.unfinished(acme.id, second)
    third = await keeper.begin(acme.id, kept, JOB)
    assert third is not None
    assert third.attempt == slow.attempt, "it has come further, and is counted anew"
    for late in (slow, second):
        await keeper.failed(acme.id, late, fault)
        await keeper.unfinished(acme.id, late)
        await keeper.done(acme.id, late)
    with use_tenant(acme):
        [one] = await kept_jobs.every()
    assert one.state is KeptState.WORKING
    await keeper.done(acme.id, third)
    with use_tenant(acme):
        assert await kept_jobs.every() == []


async def test_what_was_given_up_need_not_be_looked_at_once_the_same_ends_well(
    acme: Tenant, performer: Performer
) -> None:
    ends_well = False

    async def act(_: Job) -> None:
        if not ends_well:
            raise OSError("no route")

    performer.handlers.add(SendMails, act)
    performer.handlers.add(ExportAudit, act)
    for job in (SendMails(), ExportAudit("somebody's")):
        await performer.perform(job, tenant_id=acme.id, attempt=5, is_last=True)
    with use_tenant(acme):
        [one] = await kept_jobs.every()
        assert one.name == "send-mails", "of a file its own row tells"
        await kept_jobs.bury(
            "end-the-rest", {}, now=utc_now(), attempts=5, error="OSError", reason=""
        )
    ends_well = True
    await performer.perform(SendMails(), tenant_id=acme.id)
    with use_tenant(acme):
        assert [each.name for each in await kept_jobs.every()] == ["end-the-rest"]


@on_sqlite
async def test_what_was_given_up_is_told_before_whatever_is_under_way(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_jobs, "MOST", 2)
    with use_tenant(acme):
        for each in range(3):
            await kept_jobs.bury(
                JOB.name, {"n": each}, now=server.clock(), attempts=5, error="OSError", reason=""
            )
        [oldest] = await KeptJobRow.all().order_by("id").limit(1)
        for _ in range(3):
            await kept_one()
        states = [each.state for each in await kept_jobs.every()]
        assert states == [KeptState.FAILED] * 2 + [KeptState.WAITING] * 2
        told = await tenant_jobs.found(server.parts, oldest.id)
    assert told.may_be_retried


async def test_another_tenants_kept_jobs_are_nobodys_here(
    acme: Tenant, globex: Tenant, performer: Performer
) -> None:
    with use_tenant(acme):
        kept = await kept_one()
    assert await performer.perform(JOB, tenant_id=globex.id, kept=kept) is Result.NOT_DUE
    with use_tenant(globex):
        assert await kept_jobs.every() == []
        assert not await kept_jobs.let_be(kept)
        await kept_jobs.remove(kept)
        assert await kept_jobs.revive(kept, now=utc_now()) is None
    with use_tenant(acme):
        assert len(await kept_jobs.every()) == 1


@on_sqlite
async def test_what_is_given_up_goes_after_a_month(
    server: RunningServer, acme: Tenant, performer: Performer
) -> None:
    with use_tenant(acme):
        await kept_jobs.bury(
            JOB.name, {}, now=server.clock(), attempts=5, error="ValueError", reason=""
        )
        waiting = await kept_one()
    server.clock.advance(kept_jobs.KEPT.total_seconds() + 86400)
    await performer.perform(background.schedule(server.parts.settings)[0].job, tenant_id=None)
    with use_tenant(acme):
        assert await KeptJobRow.all().values_list("id", flat=True) == [waiting]


async def test_what_waits_for_too_long_is_measured(settings: Settings, taken: Taken) -> None:
    """Without a server, whose own jobs would see to it as soon as it is due."""
    clock = MovableClock()
    async with installation.opened(settings, clock=clock) as parts:
        acme = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        with use_tenant(acme):
            await kept_one()
            await kept_jobs.bury(
                JOB.name, {}, now=clock(), attempts=5, error="ValueError", reason=""
            )
        due = {"table": "kept_jobs"}
        await background.performer(parts).perform(TakeUpJobs(), tenant_id=None)
        assert REGISTRY.get_sample_value("authgate_outbox_lag_seconds", due) == 0
        assert REGISTRY.get_sample_value("authgate_jobs_kept_given_up") == 1
        with use_tenant(acme):
            then = clock()
            await account_deletions.ask(uuid4(), due_at=then, now=then)
            await audit_erasures.ask(uuid4(), username="gone", email="", now=then, due_at=then)
            await AuditLogRow.create(due_at=then, verify_at=then)
            # Somebody has begun it and was killed; meanwhile nobody takes it up.
            await KeptJobRow.filter(state=KeptState.WAITING).update(due_at=then)
        clock.advance(900)
        await keeping.measure(parts)
    for table in ("kept_jobs", "account_deletions", "audit_erasures", "audit_logs"):
        lag = REGISTRY.get_sample_value("authgate_outbox_lag_seconds", {"table": table})
        assert lag is not None
        assert 900 <= lag < 960, table
