"""Who does each job."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from authgate import portable, provisioning
from authgate.accounts import leavings
from authgate.alerts.looking import Lookout
from authgate.audit import SYSTEM
from authgate.background import keeping
from authgate.background.one_by_one import in_each, inside
from authgate.background.turns import StoredTurns
from authgate.exports import audit_log
from authgate.feeds import telling
from authgate.installation import Installation
from authgate.jobs import (
    CheckDomains,
    DeliverLogouts,
    DeliverSlowWebhooks,
    DeliverWebhooks,
    EndTheRest,
    EraseAccounts,
    ErasePerson,
    EraseTenants,
    ExportAudit,
    FeedPlugins,
    FeedSlowPlugins,
    ForgetPeople,
    Handlers,
    ImportUsers,
    Performer,
    RaiseAlerts,
    ReadImport,
    RemoveExpired,
    RetireAudit,
    RollUpUsage,
    RotateKeys,
    SealAudit,
    SendMails,
    SettleAccesses,
    TakeUpJobs,
    Unfinished,
    VerifyAudit,
    WriteExport,
)
from authgate.mail import Delivery
from authgate.oidc.backchannel_logout import BackchannelLogout
from authgate.operator import arrivals
from authgate.operator import overview as installation_overview
from authgate.provisioning import (
    erasure,
    leaving,
    operator_accesses,
    rounds,
    usage_statements,
    user_imports,
)
from authgate.sealing import checking, forgetting, retention
from authgate.sealing.sealer import Sealer
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.export_files import SILENCE, ExportFile
from authgate.storage.metering.roll_up import is_being_rolled_up, roll_up
from authgate.storage.sweep import (
    due_accounts,
    due_alerts,
    due_domains,
    due_exports,
    due_keys,
    due_logouts,
    due_mails,
    due_seals,
    due_usage,
    due_user_imports,
    log_keeping,
    open_accesses,
)
from authgate.storage.sweep.expiry import GoneClient, remove_expired
from authgate.storage.tenants.exports import ExportRow
from authgate.telemetry import metrics
from authgate.telemetry.tracing import UNTRACED
from authgate.tokens.logout_token import LogoutTokens
from authgate.webhooks import delivering
from authgate_tenants import use_tenant
from authgate_tenants.scope import tenant_in_scope

_log = structlog.get_logger(__name__)

_MAILS_WAIT = timedelta(minutes=10)
_SEALS_WAIT = timedelta(minutes=1)
"""The shortest that a tenant may call too long."""
_DOMAINS_RUN_SECONDS = 60.0
"""How long one run asks name servers; each tenant's hosts are asked for once a day."""
_MOST_OF_A_WINDOW = 0.8
"""What is over may become more all the time: who stopped earlier would see tables grow."""
_LEAVINGS_SECONDS = 1.0
"""How long an expired client keeps the others waiting; the rest of a large one is a job."""
_TENANTS_IN_ONE_GO = 64
_MOST_DUE = 1000


def performer(parts: Installation) -> Performer:
    """What does every job there is."""
    handlers = Handlers()
    handlers.add(RemoveExpired, partial(_remove_expired, parts))
    handlers.add(DeliverLogouts, partial(_deliver_logouts, parts))
    handlers.add(SendMails, partial(_send_mails, parts, Delivery(parts)))
    handlers.add(FeedPlugins, partial(_feed_plugins, parts, slow=False))
    handlers.add(FeedSlowPlugins, partial(_feed_plugins, parts, slow=True))
    handlers.add(DeliverWebhooks, partial(_deliver_webhooks, parts, slow=False))
    handlers.add(DeliverSlowWebhooks, partial(_deliver_webhooks, parts, slow=True))
    handlers.add(SealAudit, partial(_seal_audit, Sealer(parts)))
    handlers.add(RaiseAlerts, partial(_raise_alerts, parts, Lookout(parts)))
    handlers.add(EndTheRest, _end_what_is_left)
    handlers.add(RetireAudit, partial(_retire_audit, parts))
    handlers.add(VerifyAudit, partial(_verify_audit, parts))
    handlers.add(ForgetPeople, partial(_forget_people, parts))
    handlers.add(TakeUpJobs, partial(_take_up_jobs, parts, handlers))
    handlers.add(RollUpUsage, partial(_roll_up_usage, parts))
    handlers.add(RotateKeys, partial(_rotate_keys, parts))
    handlers.add(CheckDomains, partial(_check_domains, parts))
    handlers.add(SettleAccesses, partial(_settle_accesses, parts))
    handlers.add(WriteExport, partial(_write_export, parts))
    handlers.add(ExportAudit, partial(_export_audit, parts))
    handlers.add(ReadImport, partial(_read_import, parts))
    handlers.add(ImportUsers, partial(_import_users, parts))
    handlers.add(EraseTenants, partial(_erase_tenants, parts))
    handlers.add(EraseAccounts, partial(_erase_accounts, parts))
    handlers.add(ErasePerson, partial(_erase_person, parts))
    return Performer(
        handlers,
        find_tenant=parts.resolver.find_by_id,
        turns=StoredTurns(),
        keeping=keeping.StoredKeeping(parts),
        tracer=parts.tracer or UNTRACED,
    )


async def _remove_expired(parts: Installation, job: RemoveExpired) -> None:
    chosen = parts.settings.jobs
    removed = await remove_expired(
        parts.settings.database,
        batch=chosen.cleanup_batch,
        now=parts.clock(),
        seconds=_MOST_OF_A_WINDOW * min(chosen.cleanup_seconds, job.seconds),
        end_the_rest=partial(_end_the_rest, parts),
    )
    for table, rows in removed.items():
        metrics.expired_rows_removed.add(table, by=rows)
    _log.info("expired rows removed", rows=removed)


async def _take_up_jobs(parts: Installation, handlers: Handlers, _job: TakeUpJobs) -> None:
    await keeping.take_up(parts, handlers)
    await keeping.measure(parts)


async def _end_what_is_left(job: EndTheRest) -> None:
    if not await leavings.end(job):
        raise Unfinished


async def _end_the_rest(parts: Installation, gone: GoneClient) -> None:
    tenant = await parts.resolver.find_by_id(gone.tenant_id)
    if tenant is None:
        return
    job = EndTheRest(client_id=gone.client_id)
    # Here, and not a job for each: of as many as may be over at once a queue would lose some.
    with use_tenant(tenant):
        try:
            if await leavings.end(job, seconds=_LEAVINGS_SECONDS):
                return
        except Exception:  # noqa: BLE001  # the others are over as well
            _log.exception("rest of an expired client not ended", client=gone.client_id)
        await leavings.later(client_id=gone.client_id)


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


async def _deliver_webhooks(
    parts: Installation, _job: DeliverWebhooks | DeliverSlowWebhooks, *, slow: bool
) -> None:
    if tenant_in_scope() is not None:
        await delivering.deliver(parts)
    else:
        await delivering.deliver_everywhere(parts, slow=slow)


async def _seal_audit(sealer: Sealer, _job: SealAudit) -> None:
    if tenant_in_scope() is not None:
        await sealer.seal()
    else:
        await sealer.seal_everywhere()


async def _raise_alerts(parts: Installation, lookout: Lookout, _job: RaiseAlerts) -> None:
    if tenant_in_scope() is not None:
        await lookout.look()
        return
    database, now = parts.settings.database, parts.clock()
    unsealed = await due_seals.tenants(database, now=now, limit=_MOST_DUE)
    late = [each.tenant_id for each in unsealed if each.since and each.since < now - _SEALS_WAIT]
    due = await due_alerts.tenants(database, now=now, limit=_MOST_DUE)
    try:
        await in_each(parts, due, lookout.look)
    finally:
        await in_each(parts, lookout.still_waiting(late), lookout.look_at_seal)


async def _retire_audit(parts: Installation, _job: RetireAudit) -> None:
    if tenant_in_scope() is not None:
        await retention.retire(parts)
        return
    database, now = parts.settings.database, parts.clock()
    due = await log_keeping.with_old_events(database, now=now, limit=_MOST_DUE)
    await in_each(parts, due, partial(retention.retire, parts))


async def _verify_audit(parts: Installation, _job: VerifyAudit) -> None:
    if tenant_in_scope() is not None:
        await checking.go_on(parts)
        return
    # One takes nearly all the time of a job.
    database, now = parts.settings.database, parts.clock()
    for tenant_id in await log_keeping.to_be_verified(database, now=now, limit=1):
        await inside(parts, tenant_id, partial(checking.go_on, parts))


async def _forget_people(parts: Installation, _job: ForgetPeople) -> None:
    if tenant_in_scope() is not None:
        await forgetting.forget(parts)
        return
    database, now = parts.settings.database, parts.clock()
    due = await log_keeping.with_erasures(database, now=now, limit=_MOST_DUE)
    await in_each(parts, due, partial(forgetting.forget, parts))


async def _erase_person(parts: Installation, job: ErasePerson) -> None:
    await erasure.perform(parts, UUID(job.erasure_id))


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
        # Each page that is looked at meanwhile asks for it: who is at it goes on.
        if await is_being_rolled_up():
            return
        if (await roll_up(now=parts.clock())).is_behind:
            raise Unfinished
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
    try:
        await in_each(parts, each, partial(_meter, parts))
    finally:
        await installation_overview.add_up(parts)


async def _meter(parts: Installation) -> None:
    await roll_up(now=parts.clock())
    await usage_statements.close_months(parts)


async def _rotate_keys(parts: Installation, _job: RotateKeys) -> None:
    due = await due_keys.tenants(parts.settings.database, now=parts.clock(), limit=_MOST_DUE)
    try:
        await in_each(parts, due, lambda: parts.keys.rotate_due(actor=SYSTEM))
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
        await in_each(parts, due, lambda: operator_accesses.settle(operators, now=parts.clock()))


async def _write_export(parts: Installation, job: WriteExport) -> None:
    if tenant_in_scope() is not None:
        await portable.requests.write(parts, UUID(job.export_id))
        return
    await _take_up(parts, ExportRow, partial(portable.requests.take_up, parts))


async def _export_audit(parts: Installation, job: ExportAudit) -> None:
    if tenant_in_scope() is not None:
        await audit_log.write(parts, UUID(job.export_id))
        return
    await _take_up(parts, AuditExportRow, partial(audit_log.take_up, parts))


async def _take_up(
    parts: Installation, kind: type[ExportFile], take_up: Callable[[], Awaitable[object]]
) -> None:
    # One takes nearly all the time of a job.
    database, before = parts.settings.database, parts.clock() - SILENCE
    for tenant_id in await due_exports.tenants(kind, database, now=before, limit=1):
        await inside(parts, tenant_id, take_up)


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
