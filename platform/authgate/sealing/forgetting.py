"""A log forgets people who are gone: what told of them is emptied, and what happened stays.

Which events are emptied is an event itself, stored before: whoever is killed in between has said
what the next one does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from authgate import audit, mail_addresses, storage
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.sealing import erasure_proofs, places, sayings
from authgate.storage import export_files
from authgate.storage.audit import (
    alerts,
    audit_erasures,
    audit_logs,
    former_names,
    leaves,
    sealed,
    unsealed,
)
from authgate.storage.audit.audit_erasures import Erasure
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.audit.sealed import SealedEvent
from authgate.storage.mail import mails
from authgate.storage.metering.roll_up import roll_up
from authgate.storage.people import person_erasures
from authgate.storage.people.users import User
from authgate.storage.redis.connection import RedisUnavailable
from authgate.storage.sweep import log_keeping
from authgate.storage.tenants.exports import ExportRow
from authgate.storage.webhooks import sendings
from authgate.web import limits
from authgate.web.client_ip import bucket
from authgate_tenants import current_tenant

STEP: Final = 1000
"""Events that a step looks at."""

_STEPS: Final = 50

_COUNTED: Final = timedelta(days=1)
"""What was counted before is over."""

_log = structlog.get_logger(__name__)


async def erase_person(user: User, *, now: datetime, at_once: bool = False) -> None:
    """Have the current tenant's log forget somebody, with the open unit of work: at once, or as
    many days later as the tenant wants."""
    days = 0 if at_once else current_tenant().settings.audit_person_days
    await alerts.forget(user.id)
    await audit_erasures.ask(
        user.id,
        username=user.username,
        # One that was never proven may be somebody else's.
        email=(user.email or "") if user.email_verified else "",
        now=now,
        due_at=now + timedelta(days=days),
        former=await former_names.found(user),
    )


async def erase_gone(user_id: UUID, *, now: datetime) -> None:
    """Have the current tenant's log forget at once, by their id, somebody of whom nothing else is
    known any more."""
    await alerts.forget(user_id)
    await audit_erasures.ask(user_id, username="", email="", now=now, due_at=now)


async def forget(parts: Installation, *, steps: int = _STEPS) -> int:
    """Forget those of the current tenant who are to be forgotten by now, or as far as these steps
    reach; in how many events. Nobody is forgotten while the log is held."""
    emptied = 0
    if current_tenant().settings.audit_legal_hold:
        async with storage.transaction():
            await audit_erasures.postpone(now=parts.clock())
        return 0
    await roll_up(now=parts.clock())  # by details that are emptied below
    for _ in range(steps):
        async with storage.transaction():
            erasure = await audit_erasures.due(now=parts.clock())
        if erasure is None:
            break
        emptied += await _step(parts, erasure)
    await log_keeping.overwrite(parts.settings.database)
    return emptied


async def _step(parts: Installation, erasure: Erasure) -> int:
    async with storage.transaction():
        events = await sealed.following(erasure.position, limit=STEP)
        if not events:
            await _end(parts, erasure)
            return 0
        about = [each for each in events if erasure.is_about(each)]
        theirs = [each.seq for each in about]
        until = events[-1].seq
        if theirs:
            await _say(parts, erasure, theirs)
            counted = await audit_erasures.open_until(erasure, until)
            more = sum(seq > counted for seq in theirs)
            await person_erasures.emptied(erasure.user_id, more)
    if theirs:
        await _forget_counts(parts, erasure, about)
        await log_keeping.empty(
            parts.settings.database, current_tenant().id, theirs, now=parts.clock()
        )
    async with storage.transaction():
        await audit_erasures.go_on(erasure, until)
    return len(theirs)


async def _say(parts: Installation, erasure: Erasure, theirs: list[int]) -> None:
    said = places.said(theirs)
    await audit.record(
        Event.AUDIT_PERSON_ERASED,
        actor=SYSTEM,
        resource=("user", str(erasure.user_id)),
        details={
            "events": len(theirs),
            "places": said,
            "statement": await sayings.stated(parts, places=said),
        },
    )


async def _end(parts: Installation, erasure: Erasure) -> None:
    now = parts.clock()
    if now < erasure.ends_at or await unsealed.has_before(erasure.ends_at):
        await audit_erasures.go_on(erasure, erasure.position, due_at=now + audit_erasures.LATE)
        return
    # Files that were written before tell what the log has told.
    for kind in (AuditExportRow, ExportRow):
        await export_files.remove_before(kind, now)
    # What was found, or went on being checked, after their rows were removed.
    await alerts.forget(erasure.user_id)
    await audit_logs.forget(erasure.user_id)
    # So may receivers, in their answers to what they were sent.
    await sendings.forget_answers()
    if erasure.email:
        mailbox = mail_addresses.mailbox(erasure.email)
        await mails.forget(erasure.email, mailbox=mailbox, until=erasure.ends_at)
    for address, until in erasure.former_addresses():
        await mails.forget(address, mailbox=mail_addresses.mailbox(address), until=until)
    await audit_erasures.end(erasure)
    await erasure_proofs.certify(parts, erasure.user_id)


async def _forget_counts(
    parts: Installation, erasure: Erasure, about: Sequence[SealedEvent]
) -> None:
    """Leave no count that is named by them, or by an address of theirs.

    Theirs is an address where they were signed in. Whoever has tried their password stands in the
    log by their id as well, as somebody unknown, and goes on being counted; so does who has acted
    for them.
    """
    if parts.redis is None:
        return
    since = leaves.micros(parts.clock() - _COUNTED)
    them = ("user", str(erasure.user_id))
    lately = {
        each.event.ip
        for each in about
        if (each.event.actor_type, each.event.actor_id) == them
        and not _is_for_another(each.event.details)
        and _is_since(each.event.occurred_at, since)
    }
    try:
        await limits.forget(parts.redis, {str(erasure.user_id), *map(bucket, lately - {""})})
    except RedisUnavailable:
        _log.warning("counts of somebody who is gone are left to end by themselves")


def _is_since(at: object, since: int) -> bool:
    return isinstance(at, int) and at >= since  # whatever somebody has written there


def _is_for_another(details: object) -> bool:
    return isinstance(details, dict) and "act" in details  # as above
