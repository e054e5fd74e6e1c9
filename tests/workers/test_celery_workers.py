"""Real Celery workers on a real broker: what they do, refuse and survive."""

import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any

from celery import Celery
from uuid_utils.compat import uuid7

from authgate import audit, installation, provisioning, storage
from authgate.accounts import leavings
from authgate.audit import SYSTEM, Event
from authgate.clock import utc_now
from authgate.exports import audit_log
from authgate.jobs import (
    DeliverLogouts,
    FeedPlugins,
    Job,
    RemoveExpired,
    RollUpUsage,
    SealAudit,
    port,
)
from authgate.jobs.celery_settings import celery_settings
from authgate.provisioning import user_imports
from authgate.provisioning.roles import OPERATOR
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_feeds import AuditFeedRow
from authgate.storage.audit.exports import AuditExportRow, LogFormat, Wanted
from authgate.storage.export_files import ExportState
from authgate.storage.jobs.kept_jobs import KeptJobRow
from authgate.storage.metering import usage_entries
from authgate.storage.metering.usage_days import Measure, UsageDay
from authgate.storage.people.users import UserRow
from authgate.storage.sign_in import logout_deliveries
from authgate.vocabulary import DeliveryStatus
from authgate_tenants import use_tenant
from authgate_testing.crash_points import Asked

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MANY = 1500
LOG = Wanted(LogFormat.JSONL, bom=False, chosen={})


async def test_a_worker_removes_what_is_over_in_every_tenant_and_nothing_else(
    crew: Any, worker: Any, until: Until
) -> None:
    rows = await crew.rows()
    await crew.queue().enqueue(RemoveExpired(), tenant_id=None)
    await until(rows.are_gone)

    async def it_has_said_so() -> bool:
        return any(
            (line["job"], line["result"]) == ("remove-expired", "done")
            for line in worker.lines
            if line["event"] == "job ended"
        )

    await until(it_has_said_so)
    assert await rows.are_gone()


async def test_a_worker_tells_clients_of_sessions_that_are_over(
    crew: Any, worker: Any, until: Until
) -> None:
    rows = await crew.rows()
    for tenant_id in (None, rows.tenants[0].id):  # a look at all tenants, and a hint for one
        async with storage.opened(crew.settings.database):
            with use_tenant(rows.tenants[0]):
                await logout_deliveries.add(uuid7(), "cli", subject="somebody", now=utc_now())
        await crew.queue().enqueue(DeliverLogouts(), tenant_id=tenant_id)

        async def it_is_over() -> bool:
            async with storage.opened(crew.settings.database):
                with use_tenant(rows.tenants[0]):
                    newest = await logout_deliveries.newest(limit=1)
            return newest[0].status is DeliveryStatus.FAILED  # the client has no address

        await until(it_is_over)


async def test_a_worker_tells_plugins_what_has_happened(
    crew: Any, worker: Any, until: Until
) -> None:
    [tenant, *_] = (await crew.rows()).tenants
    before = utc_now() - timedelta(minutes=1)
    async with installation.opened(crew.settings) as parts:
        await provisioning.change_tenant(
            parts, tenant, change=lambda was: was.changed({"enabled_plugins": ("jsonl",)})
        )
        with use_tenant(tenant):
            await AuditFeedRow.all().update(told_until=before)
            happened = audit.event(Event.LOGOUT, actor=SYSTEM)._replace(occurred_at=before)
            await audit_events.append(happened)
    await crew.queue().enqueue(FeedPlugins(), tenant_id=None)

    async def it_is_written() -> bool:
        files = (crew.folder / tenant.slug).glob("*.jsonl")
        return any(happened.id in each.read_text() for each in files)

    await until(it_is_written)


async def test_ti_16_a_worker_refuses_what_does_not_carry_our_seal(
    crew: Any, worker: Any, until: Until
) -> None:
    rows = await crew.rows()
    before, refused = await rows.left(), worker.said("job refused")
    stranger = Celery("stranger", set_as_current=False)
    stranger.conf.update(celery_settings(crew.settings))
    forged: list[dict[str, str]] = [
        {},
        {"message": '{"job":"remove-expired","tenant":null,"arguments":{}}', "seal": "0" * 64},
        {"tenant": str(rows.tenants[0].id)},
    ]
    stranger.send_task("remove-expired", args=["positional"])
    stranger.send_task("made-up", kwargs={})
    for each in forged:
        stranger.send_task("remove-expired", kwargs=each)
    stranger.close()

    async def all_are_refused() -> bool:
        return bool(worker.said("job refused") == refused + len(forged))

    await until(all_are_refused)
    assert await rows.left() == before
    await crew.queue().enqueue(RemoveExpired(), tenant_id=None)
    await until(rows.are_gone)


async def test_f10_a_process_killed_in_the_middle_of_a_job_is_replaced_and_the_job_finished(
    crew: Any, worker: Any, until: Until
) -> None:
    rows = await crew.rows()
    await rows.more_tokens(MANY, now=utc_now())
    await crew.queue().enqueue(RemoveExpired(), tenant_id=None)
    await until(lambda: rows.some_are_gone(MANY))
    os.kill(worker.child(), signal.SIGKILL)
    await until(rows.are_gone)


async def test_a_job_that_fails_while_the_database_is_away_is_done_once_it_is_back(
    crew: Any, worker: Any, until: Until
) -> None:
    rows, failed = await crew.rows(), worker.said("job failed")

    async def it_has_failed() -> bool:
        return bool(worker.said("job failed") > failed)

    with crew.outage():
        await crew.queue().enqueue(RemoveExpired(), tenant_id=None)
        await until(it_has_failed)
    await until(rows.are_gone)


async def test_f11_what_is_delivered_again_late_and_out_of_order_is_done_once(
    crew: Any, worker: Any, until: Until
) -> None:
    asked, guests = Asked(), [f"guest-{n}" for n in range(5)]
    async with installation.opened(crew.settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug="again", name="Again")
        with use_tenant(tenant), port.served_by(asked):
            gone = await audit_log.request(parts, LOG, actor=SYSTEM)
            assert await audit_log.remove(gone, actor=SYSTEM)
            export = await audit_log.request(parts, LOG, actor=SYSTEM)
            file = await user_imports.begin(parts, ["username"], by=OPERATOR)
            lines = [(n, {"username": name}) for n, name in enumerate(guests, 1)]
            await user_imports.receive(parts, file.id, lines, by=OPERATOR)
            await user_imports.start(parts, file.id, dry_run=False, by=OPERATOR)
            await usage_entries.note(Measure.API_CALLS, now=utc_now())
            await logout_deliveries.add(uuid7(), "cli", subject="somebody", now=utc_now())
            async with storage.transaction():
                await leavings.later(client_id="somebody")
    jobs: list[Job] = [SealAudit(), RollUpUsage(), DeliverLogouts()]
    messages = [*asked, *((each, tenant.id, None) for each in jobs)] * 3
    Random(11).shuffle(messages)  # noqa: S311 - to be repeated, not to be secret
    failed, queue = worker.said("job failed"), crew.queue()
    for job, tenant_id, kept in messages:
        await queue.enqueue(job, tenant_id=tenant_id, kept=kept)
    await all_is_done(crew, worker, until)

    assert worker.said("job failed") == failed
    async with installation.opened(crew.settings) as parts:
        with use_tenant(tenant):
            [row] = await AuditExportRow.all()
            assert (row.id, row.state) == (export.id, ExportState.READY)
            assert row.rows == await AuditEvent.filter(occurred_at__lt=row.until).count()
            people = await UserRow.all().order_by("username")
            assert [each.username for each in people] == guests
            sums = await UsageDay.filter(measure=Measure.API_CALLS)
            assert [each.total for each in sums] == [1]
            places = [each.seq for each in await AuditEvent.filter(seq__isnull=False)]
            assert len(places) == len(set(places)) > 0
            [told] = await logout_deliveries.newest(limit=2)
            assert (told.status, told.attempts) == (DeliveryStatus.FAILED, 1)
            assert await KeptJobRow.all().count() == 0


async def all_is_done(crew: Any, worker: Any, until: Until) -> None:
    """Wait until the worker has done what was sent before."""

    def last() -> int:
        return sum(line.get("job") == "remove-expired" for line in worker.lines)

    before = last()
    await crew.queue().enqueue(RemoveExpired(), tenant_id=None)

    async def is_done() -> bool:
        return last() > before

    await until(is_done)
