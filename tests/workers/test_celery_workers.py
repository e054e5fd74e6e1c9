"""Real Celery workers on a real broker: what they do, refuse and survive."""

import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from celery import Celery
from uuid_utils.compat import uuid7

from authgate import audit, installation, provisioning, storage
from authgate.audit import SYSTEM, Event
from authgate.clock import utc_now
from authgate.jobs import DeliverLogouts, FeedPlugins, RemoveExpired
from authgate.jobs.celery_settings import celery_settings
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_feeds import AuditFeedRow
from authgate.storage.sign_in import logout_deliveries
from authgate.vocabulary import DeliveryStatus
from authgate_tenants import use_tenant

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MANY = 1500


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
