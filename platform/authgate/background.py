"""What goes on beside the requests: who does each job, when the periodic ones are due, and where.

The server, the workers and the clock of the workers all read it here, so they agree.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from authgate import portable, provisioning
from authgate.accounts import leavings
from authgate.audit import SYSTEM
from authgate.feeds import telling
from authgate.installation import Installation, key_encryption_keys
from authgate.jobs import (
    CheckDomains,
    DeliverLogouts,
    EndTheRest,
    EraseAccounts,
    EraseTenants,
    FeedPlugins,
    FeedSlowPlugins,
    Handlers,
    ImportUsers,
    InProcessRunner,
    JobQueue,
    Performer,
    Periodic,
    QueueUnavailable,
    ReadImport,
    RemoveExpired,
    RollUpUsage,
    RotateKeys,
    SendMails,
    SettleAccesses,
    WriteExport,
    port,
)
from authgate.jobs.envelope import Envelopes
from authgate.mail import Delivery
from authgate.oidc.backchannel_logout import BackchannelLogout
from authgate.operator import arrivals
from authgate.provisioning import (
    leaving,
    operator_accesses,
    rounds,
    usage_statements,
    user_imports,
)
from authgate.settings import Settings
from authgate.storage.metering.roll_up import roll_up
from authgate.storage.sweep import (
    due_accounts,
    due_domains,
    due_exports,
    due_keys,
    due_logouts,
    due_mails,
    due_usage,
    due_user_imports,
    open_accesses,
)
from authgate.storage.sweep.expiry import GoneClient, remove_expired
from authgate.storage.tenants.exports import SILENCE
from authgate.telemetry import metrics
from authgate.telemetry.tracing import UNTRACED
from authgate.tokens.logout_token import LogoutTokens
from authgate_tenants import use_tenant
from authgate_tenants.scope import tenant_in_scope

_log = structlog.get_logger(__name__)

_WATCH_SECONDS = 15.0
_LOGOUTS_SECONDS = 15.0
"""Between looks for clients that have to be told once more, or that a command has left to tell."""
_MAILS_SECONDS = 15.0
"""Between looks for mail that has to be tried once more, or that a command has left to send."""
_MAILS_WAIT = timedelta(minutes=10)
_FEEDS_SECONDS = 5.0
"""Between looks for plugins that have to be told what has happened."""
_SLOW_FEEDS_SECONDS = 30.0
"""As long as one run takes up more of them: workers are not to be busy with several."""
_USAGE_SECONDS = 300.0
_ROTATIONS_SECONDS = 60.0
_RUN_SECONDS = 10.0
"""How long one run goes through tenants that are due; the next one goes on where it stopped."""
_ACCESSES_SECONDS = 15.0
"""How long somebody may still be a guest whose role as an operator was taken."""
_EXPORTS_SECONDS = 30.0
"""Between looks for files whose writer or reader was killed."""
_ERASURES_SECONDS = 30.0
"""Between looks for tenants whose time to be restored is over, and for the rest of large ones."""
_LEAVERS_SECONDS = 300.0
"""Between looks for people whose accounts are to be deleted."""
_DOMAINS_SECONDS = 900.0
_DOMAINS_RUN_SECONDS = 60.0
"""How long one run asks name servers; each tenant's hosts are asked for once a day."""
_LEAVINGS_SECONDS = 1.0
"""How long an expired client keeps the others waiting; the rest of a large one is a job."""
_TENANTS_IN_ONE_GO = 64
_MOST_DUE = 1000


class _MeasuredQueue(Protocol):
    async def length(self) -> int:
        """How many jobs wait. Raises ``QueueUnavailable``."""


@asynccontextmanager
async def job_queue(parts: Installation) -> AsyncIterator[JobQueue]:
    """Where the server leaves its jobs: with itself, or with workers."""
    settings, tracer = parts.settings, parts.tracer or UNTRACED
    if settings.jobs.runner == "in-process":
        runner = InProcessRunner(
            performer(parts),
            schedule=schedule(settings),
            drain_seconds=settings.server.drain_seconds,
            tracer=tracer,
        )
        async with runner:
            with port.served_by(runner):
                yield runner
        return
    from authgate.jobs.celery_queue import CeleryQueue

    queue = CeleryQueue(settings, envelopes(settings), tracer=tracer)
    watch = asyncio.create_task(_watch(queue), context=Context())
    try:
        with port.served_by(queue):
            yield queue
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        queue.close()


async def _watch(queue: "_MeasuredQueue") -> None:
    """Measure the line at the broker: if every worker is gone, nobody else would."""
    while True:
        with suppress(QueueUnavailable):
            metrics.jobs_queued.set(await queue.length())
        await asyncio.sleep(_WATCH_SECONDS)


def performer(parts: Installation) -> Performer:
    """What does every job there is."""
    handlers = Handlers()
    handlers.add(RemoveExpired, partial(_remove_expired, parts))
    handlers.add(DeliverLogouts, partial(_deliver_logouts, parts))
    handlers.add(SendMails, partial(_send_mails, parts, Delivery(parts)))
    handlers.add(FeedPlugins, partial(_feed_plugins, parts, slow=False))
    handlers.add(FeedSlowPlugins, partial(_feed_plugins, parts, slow=True))
    handlers.add(EndTheRest, leavings.end)
    handlers.add(RollUpUsage, partial(_roll_up_usage, parts))
    handlers.add(RotateKeys, partial(_rotate_keys, parts))
    handlers.add(CheckDomains, partial(_check_domains, parts))
    handlers.add(SettleAccesses, partial(_settle_accesses, parts))
    handlers.add(WriteExport, partial(_write_export, parts))
    handlers.add(ReadImport, partial(_read_import, parts))
    handlers.add(ImportUsers, partial(_import_users, parts))
    handlers.add(EraseTenants, partial(_erase_tenants, parts))
    handlers.add(EraseAccounts, partial(_erase_accounts, parts))
    return Performer(
        handlers, find_tenant=parts.resolver.find_by_id, tracer=parts.tracer or UNTRACED
    )


def schedule(settings: Settings) -> tuple[Periodic, ...]:
    """The jobs that come again. Done twice in a period they do no harm."""
    return (
        Periodic(RemoveExpired(), settings.jobs.cleanup_seconds),
        Periodic(DeliverLogouts(), _LOGOUTS_SECONDS),
        Periodic(SendMails(), _MAILS_SECONDS),
        Periodic(FeedPlugins(), _FEEDS_SECONDS),
        Periodic(FeedSlowPlugins(), _SLOW_FEEDS_SECONDS),
        Periodic(RollUpUsage(), _USAGE_SECONDS),
        Periodic(RotateKeys(), _ROTATIONS_SECONDS),
        Periodic(SettleAccesses(), _ACCESSES_SECONDS),
        Periodic(WriteExport(), _EXPORTS_SECONDS),
        Periodic(ReadImport(), _EXPORTS_SECONDS),
        Periodic(ImportUsers(), _EXPORTS_SECONDS),
        Periodic(EraseTenants(), _ERASURES_SECONDS),
        Periodic(EraseAccounts(), _LEAVERS_SECONDS),
        Periodic(CheckDomains(), _DOMAINS_SECONDS),
    )


def envelopes(settings: Settings) -> Envelopes:
    """What jobs travel in between this installation's processes.

    Raises ``KeyEncryptionKeyError``.
    """
    keks = key_encryption_keys(settings.keys, may_create=settings.profile == "dev")
    return Envelopes.from_key_encryption_keys(keks)


async def _remove_expired(parts: Installation, _job: RemoveExpired) -> None:
    removed = await remove_expired(
        parts.settings.database,
        batch=parts.settings.jobs.cleanup_batch,
        now=parts.clock(),
        end_the_rest=partial(_end_the_rest, parts),
    )
    for table, rows in removed.items():
        metrics.expired_rows_removed.add(table, by=rows)
    _log.info("expired rows removed", rows=removed)


async def _end_the_rest(parts: Installation, gone: GoneClient) -> None:
    tenant = await parts.resolver.find_by_id(gone.tenant_id)
    if tenant is None:
        return
    job = EndTheRest(client_id=gone.client_id)
    # Here, and not a job for each: of as many as may be over at once a queue would lose some.
    with use_tenant(tenant):
        try:
            await leavings.end(job, seconds=_LEAVINGS_SECONDS)
        except Exception:  # noqa: BLE001  # the others are over as well
            _log.exception("rest of an expired client not ended", client=gone.client_id)
            await port.hint(job, tenant_id=tenant.id)


async def _erase_tenants(parts: Installation, _job: EraseTenants) -> None:
    await provisioning.erase_due_tenants(parts)


async def _erase_accounts(parts: Installation, _job: EraseAccounts) -> None:
    database, now = parts.settings.database, parts.clock()
    due = await due_accounts.tenants(database, now=now, limit=_TENANTS_IN_ONE_GO)
    await rounds.at_each(parts, due, lambda: leaving.erase_due(parts))


async def _deliver_logouts(parts: Installation, _job: DeliverLogouts) -> None:
    tokens = LogoutTokens(keys=parts.keys, clock=parts.clock)
    logout = BackchannelLogout(
        tokens=tokens, subjects=parts.subjects, http=parts.outside, clock=parts.clock
    )
    if tenant_in_scope() is not None:
        await logout.deliver_due()
    else:
        await _deliver_everywhere(parts, logout)


async def _deliver_everywhere(parts: Installation, logout: BackchannelLogout) -> None:
    due = await due_logouts.tenants(
        parts.settings.database, now=parts.clock(), limit=_TENANTS_IN_ONE_GO
    )
    await rounds.at_each(parts, due, logout.deliver_due)


async def _send_mails(parts: Installation, delivery: Delivery, _job: SendMails) -> None:
    database, now = parts.settings.database, parts.clock()
    if tenant_in_scope() is not None:
        await delivery.send_due()
        return
    due = await due_mails.tenants(database, now=now, limit=_TENANTS_IN_ONE_GO)
    await rounds.at_each(parts, due, delivery.send_due)
    metrics.mails_waiting.set(await due_mails.waiting(database, since=now - _MAILS_WAIT))


async def _feed_plugins(
    parts: Installation, _job: FeedPlugins | FeedSlowPlugins, *, slow: bool
) -> None:
    if tenant_in_scope() is not None:
        await telling.feed_plugins(parts, slow=slow)
    else:
        await telling.feed_everywhere(parts, slow=slow)


async def _check_domains(parts: Installation, _job: CheckDomains) -> None:
    end = time.monotonic() + _DOMAINS_RUN_SECONDS
    due = await due_domains.tenants(parts.settings.database, now=parts.clock(), limit=_MOST_DUE)
    for tenant_id in due:
        tenant = await parts.resolver.find_by_id(tenant_id)
        if tenant is None or not tenant.is_served or time.monotonic() > end:
            continue
        with use_tenant(tenant):
            try:
                await provisioning.check_due_domains(parts)
            except Exception:  # noqa: BLE001  # the others are due as well
                _log.exception("hosts not looked for", tenant=tenant.slug)


async def _roll_up_usage(parts: Installation, _job: RollUpUsage) -> None:
    if tenant_in_scope() is not None:
        await roll_up(now=parts.clock())
        return
    # Whole days only: a tenant that nobody looks at costs a transaction a day.
    now, database = parts.clock(), parts.settings.database
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    due = await due_usage.tenants(database, before=today, limit=_MOST_DUE)
    busy = await due_usage.busy(database, now=now)
    month = usage_statements.last_closed(now)
    unstated = await due_usage.unstated(
        database, month=month, end=usage_statements.end_of(month), limit=_MOST_DUE
    )
    # Those first who make many: their rows are the most.
    each = list(dict.fromkeys([*busy, *due, *unstated]))
    await _in_each(parts, each, partial(_meter, parts))


async def _meter(parts: Installation) -> None:
    await roll_up(now=parts.clock())
    await usage_statements.close_months(parts)


async def _rotate_keys(parts: Installation, _job: RotateKeys) -> None:
    due = await due_keys.tenants(parts.settings.database, now=parts.clock(), limit=_MOST_DUE)
    try:
        await _in_each(parts, due, lambda: parts.keys.rotate_due(actor=SYSTEM))
    finally:
        await _measure_keys(parts)


async def _measure_keys(parts: Installation) -> None:
    database, now = parts.settings.database, parts.clock()
    delay = await due_keys.delay(database, now=now)
    metrics.signing_key_rotation_delay_seconds.set(delay.total_seconds())
    age = await due_keys.age(database, now=now)
    metrics.signing_key_age_seconds.set(age.total_seconds())


async def _settle_accesses(parts: Installation, _job: SettleAccesses) -> None:
    due = await open_accesses.tenants(parts.settings.database, now=parts.clock(), limit=_MOST_DUE)
    if due:
        operators = await operator_accesses.still_operate(parts)
        await _in_each(parts, due, lambda: operator_accesses.settle(operators, now=parts.clock()))


async def _write_export(parts: Installation, job: WriteExport) -> None:
    if tenant_in_scope() is not None:
        await portable.requests.write(parts, UUID(job.export_id))
        return
    # One takes nearly all the time of a job.
    before = parts.clock() - SILENCE
    for tenant_id in await due_exports.tenants(parts.settings.database, now=before, limit=1):
        await _inside(parts, tenant_id, partial(portable.requests.take_up, parts))


async def _read_import(parts: Installation, job: ReadImport) -> None:
    if tenant_in_scope() is not None:
        await arrivals.read(parts, UUID(job.import_id))
        return
    # They are in the operators' tenant, which is found by its name alone.
    slug = parts.settings.operator_tenant
    tenant = await parts.resolver.find(slug) if slug else None
    if tenant is not None and tenant.is_served:
        with use_tenant(tenant):
            await arrivals.take_up(parts)


async def _import_users(parts: Installation, job: ImportUsers) -> None:
    if tenant_in_scope() is not None:
        await user_imports.work(parts, UUID(job.import_id))
        return
    database, before = parts.settings.database, parts.clock() - user_imports.SILENCE
    due = await due_user_imports.tenants(database, now=before, limit=_TENANTS_IN_ONE_GO)
    await rounds.at_each(parts, due, lambda: user_imports.take_up(parts))


async def _in_each(
    parts: Installation, tenants: Sequence[UUID], do: Callable[[], Awaitable[object]]
) -> None:
    """Do something for one tenant after the other, as far as the time of one run reaches."""
    end = time.monotonic() + _RUN_SECONDS
    faults: list[object] = []
    for tenant_id in tenants:
        if time.monotonic() > end:
            break
        began = time.monotonic()
        # A fault of one is not to keep the others waiting.
        faults += await asyncio.gather(_inside(parts, tenant_id, do), return_exceptions=True)
        # As long again for whoever is served beside it.
        await asyncio.sleep(time.monotonic() - began)
    for fault in faults:
        if isinstance(fault, BaseException):
            raise fault


async def _inside(
    parts: Installation, tenant_id: UUID, do: Callable[[], Awaitable[object]]
) -> None:
    tenant = await parts.resolver.find_by_id(tenant_id)
    if tenant is not None:
        with use_tenant(tenant):
            await do()
