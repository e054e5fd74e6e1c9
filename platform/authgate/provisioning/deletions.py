"""How a tenant ends: it waits, its keys are destroyed, its rows are removed, a certificate stays.

Whoever is interrupted anywhere goes on from what is stored: the request, the loss of the keys, each
batch of rows with its count, and the end are a transaction each.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation, key_encryption_keys
from authgate.languages import text
from authgate.provisioning.tenants import tenant_changed
from authgate.storage.audit import audit_feeds
from authgate.storage.invalidation import EVERY_TOPIC
from authgate.storage.keys import signing_keys
from authgate.storage.redis.connection import RedisUnavailable, remove_tenant
from authgate.storage.sweep import erasure
from authgate.storage.sweep.erasure import AnotherErases, Eraser
from authgate.telemetry import metrics
from authgate.tokens.deletion_certificate import DELETION
from authgate.tokens.signed_statement import StatementKey, read, signer_of, thumbprints
from authgate_tenants import Tenant, deletions, lifecycle, use_tenant
from authgate_tenants.models import DeletionState, TenantDeletion

SECONDS = 20.0
"""How long one run removes rows; the next one continues where it stopped."""

_PAUSE, _LONGEST_PAUSE = 3, 0.5
"""Times as long as a batch has taken, and in seconds."""
_IN_ONE_GO = 500
_SETTLED_AFTER = timedelta(seconds=5)
"""After this long nobody works for a tenant that was found before its keys were destroyed."""
_TOLD_FOR = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


class NotConfirmed(ValueError):
    """A tenant is not deleted by a slip of the hand: its slug has to be given once more."""


class UnfitDeletion(ValueError):
    """A tenant that cannot be deleted as things are. The text says why."""


class TooLate(Exception):
    """A tenant that waits for nothing any more: its keys are gone."""


async def request_deletion(
    parts: Installation, tenant: Tenant, *, confirmation: str, actor: Actor = SYSTEM
) -> TenantDeletion:
    """Serve a tenant no longer, and erase it once the time in which it can be restored is over.

    ``confirmation`` is its slug, as somebody has typed it. Raises ``NotConfirmed`` and
    ``UnfitDeletion``.
    """
    if confirmation != tenant.slug:
        raise NotConfirmed(
            text(
                "%(confirmation)r is not the slug of the tenant to delete.",
                confirmation=confirmation,
            )
        )
    if tenant.slug == parts.settings.default_tenant:
        raise UnfitDeletion(
            text(
                "%(slug)s is the default tenant, whose address somebody else could have "
                "next: change the setting default_tenant first.",
                slug=tenant.slug,
            )
        )
    if tenant.operates:
        raise UnfitDeletion(
            text("%(slug)s is the operators' tenant: nobody could restore it.", slug=tenant.slug)
        )
    now = parts.clock()
    due_at = now + timedelta(days=parts.settings.tenant_deletion_days)
    with use_tenant(tenant):
        async with storage.transaction():
            row = await lifecycle.locked(tenant.id)
            by = ":".join(filter(None, (actor.type, actor.id)))
            deletion = await deletions.begin(row, requested_by=by, now=now, due_at=due_at)
            if deletion is None:
                raise UnfitDeletion(text("%(slug)s waits to be deleted already.", slug=tenant.slug))
            await _record(Event.TENANT_DELETION_REQUESTED, tenant, actor, due_at=due_at.isoformat())
            await tenant_changed(parts, tenant)
    metrics.tenant_deletions.add("requested")
    return deletion


async def restore_tenant(parts: Installation, tenant: Tenant, *, actor: Actor = SYSTEM) -> None:
    """Make a tenant that waits to be deleted what it was before.

    Raises ``UnknownDeletion`` where it does not wait, and ``TooLate``.
    """
    deletion = await deletions.waiting_of(tenant.id)
    if deletion is None:
        raise deletions.UnknownDeletion(tenant.slug)
    with use_tenant(tenant):
        async with storage.transaction():
            if not await deletions.take_back(deletion, now=parts.clock()):
                raise TooLate(tenant.slug)
            await _record(Event.TENANT_RESTORED, tenant, actor)
            await tenant_changed(parts, tenant)
    metrics.tenant_deletions.add("restored")


async def erase_due_tenants(parts: Installation, *, seconds: float = SECONDS) -> None:
    """Erase tenants whose time is over: first the keys of all, then rows for a while.

    Each step is bounded, and three quarters of the time belong to those who are waiting for an
    answer. A fault of one tenant is logged, stops no other, and is raised in the end.
    """
    end = time.monotonic() + seconds
    await _forget_lately_erased(parts)
    faults: list[Exception] = []
    for deletion in await _due(parts, DeletionState.WAITING):
        with _noted(faults, deletion):
            await _shred(parts, deletion)
    with suppress(AnotherErases):
        await _clear_all(parts, end, faults)
    await _measure_delay(parts)
    if faults:
        raise faults[0]


async def _clear_all(parts: Installation, end: float, faults: list[Exception]) -> None:
    erasing = await _due(parts, DeletionState.ERASING)
    for place, deletion in enumerate(erasing):
        now = time.monotonic()
        if now > end:
            break
        with _noted(faults, deletion):
            await _clear(parts, deletion, now + (end - now) / (len(erasing) - place))


async def _due(parts: Installation, state: DeletionState) -> list[TenantDeletion]:
    return await deletions.due(now=parts.clock(), limit=_IN_ONE_GO, states=[state])


@contextmanager
def _noted(faults: list[Exception], deletion: TenantDeletion) -> Iterator[None]:
    try:
        yield
    except AnotherErases:
        raise
    except Exception as fault:  # noqa: BLE001  # the others are due as well
        _log.exception("tenant not erased", deletion=str(deletion.id))
        faults.append(fault)


def certificate_key(parts: Installation) -> StatementKey:
    """What signs this installation's certificates. Raises ``KeyEncryptionKeyError``."""
    keks = key_encryption_keys(parts.settings.keys, may_create=False)
    return StatementKey.of(DELETION, keks[0])


async def verified(parts: Installation, certificate: str) -> dict[str, Any]:
    """What a certificate of this installation states. Raises ``BadStatement``.

    It is believed if it was signed by a key that is there, or if it is the very one that is kept:
    the key may have been replaced since.
    """
    keks = key_encryption_keys(parts.settings.keys, may_create=False)
    trusted = thumbprints(DELETION, keks)
    if await deletions.holds(certificate):
        trusted.append(signer_of(DELETION, certificate))
    return read(DELETION, certificate, trusted=trusted)


async def _clear(parts: Installation, deletion: TenantDeletion, end: float) -> None:
    database, batch = parts.settings.database, parts.settings.jobs.cleanup_batch
    async with erasure.erasing(database, batch=batch) as eraser:
        if await _removed_all(eraser, deletion, end):
            await _finish(parts, eraser, deletion)


async def _shred(parts: Installation, deletion: TenantDeletion) -> None:
    """Destroy the tenant's keys, which is the end of its secrets wherever a copy of them lies."""
    row = await lifecycle.find(deletion.tenant_id)
    tenant = parts.resolver.addressed(row)
    with use_tenant(tenant):
        async with storage.transaction():
            keys = [{"kind": "signing-key", "id": key.kid} for key in await signing_keys.every()]
            feeds, now = await audit_feeds.every(now=parts.clock()), parts.clock()
            untold = [each.plugin for each in feeds.values() if each.waiting_since]
            if not await deletions.shred(deletion, keys=keys, now=now):
                return
            await _record(Event.TENANT_SHREDDED, tenant, SYSTEM)
            await tenant_changed(parts, tenant)
            await parts.invalidations.publish(EVERY_TOPIC, tenant.id)
    metrics.tenant_deletions.add("shredded")
    # What happened last goes with the tenant.
    _log.warning("tenant shredded", deletion=str(deletion.id), plugins_not_told=untold)


async def _removed_all(eraser: Eraser, deletion: TenantDeletion, end: float) -> bool:
    for table in eraser.tables:
        more = True
        while more:
            began = time.monotonic()
            count = await eraser.remove(deletion, table)
            metrics.erased_rows.add(table, by=count)
            more = count == eraser.batch
            await asyncio.sleep(min(_PAUSE * (time.monotonic() - began), _LONGEST_PAUSE))
            # However small its share, each goes on by something.
            if count and time.monotonic() > end:
                return False
    return True


async def _finish(parts: Installation, eraser: Eraser, deletion: TenantDeletion) -> None:
    written = await deletions.of(str(deletion.id))  # with when its keys were destroyed
    now = parts.clock()
    if written.shredded_at is None or now < written.shredded_at + _SETTLED_AFTER:
        return
    key = certificate_key(parts)

    def certify(removed: dict[str, int]) -> str:
        return key.sign(_statement(parts, written, removed, now))

    if not await eraser.finish(written, certify, now=now):
        return
    if parts.redis is not None:
        try:
            await remove_tenant(parts.redis, deletion.tenant_id)
        except RedisUnavailable:
            _log.warning("keys of a deleted tenant are left to end by themselves")
    await parts.invalidations.publish(EVERY_TOPIC, deletion.tenant_id)
    metrics.tenant_deletions.add("deleted")
    _log.warning("tenant deleted", deletion=str(deletion.id))


def _statement(
    parts: Installation, deletion: TenantDeletion, removed: dict[str, int], now: datetime
) -> dict[str, Any]:
    return {
        "iss": parts.settings.base_url,
        "jti": str(deletion.id),
        "iat": int(now.timestamp()),
        "tenant": {"id": str(deletion.tenant_id), "slug": deletion.slug},
        "requested_by": deletion.requested_by,
        "requested_at": deletion.requested_at.isoformat(),
        "due_at": deletion.due_at.isoformat(),
        "shredded_at": deletion.shredded_at.isoformat() if deletion.shredded_at else None,
        "deleted_at": now.isoformat(),
        "keys": deletion.shredded,
        "rows": dict(sorted(removed.items())),
    }


async def _forget_lately_erased(parts: Installation) -> None:
    """Whoever erased them may not have told other processes: each of them comes by here."""
    since = parts.clock() - _TOLD_FOR
    for tenant_id in await deletions.ended_since(since, limit=1000):
        parts.invalidations.forget(EVERY_TOPIC, tenant_id)


async def _measure_delay(parts: Installation) -> None:
    now = parts.clock()
    first = await deletions.due(now=now, limit=1)
    delay = (now - first[0].due_at).total_seconds() if first else 0.0
    metrics.tenant_erasure_delay_seconds.set(delay)


async def _record(event: Event, tenant: Tenant, actor: Actor, **details: str) -> None:
    await audit.record(event, actor=actor, resource=("tenant", str(tenant.id)), details=details)
