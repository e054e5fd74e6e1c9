"""Seals the audit logs of tenants: events get their places, and a signed seal over each batch.

Who appends writes as ever. What was committed late has its place behind what came before it. A seal
holds the one before it fast, so the newest holds all of them.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from os import urandom
from typing import Final
from uuid import UUID

import structlog

from authgate import audit, storage
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation, key_encryption_keys
from authgate.sealing import checkpoints
from authgate.sealing.seen import Seen
from authgate.storage.audit import audit_logs, audit_seals, leaves, unsealed
from authgate.storage.audit.audit_seals import BEGINS, Member, Seal
from authgate.storage.audit.leaves import SALT_BYTES, Sealable
from authgate.storage.audit.unsealed import Placed
from authgate.storage.sweep import due_seals
from authgate.telemetry import metrics
from authgate.tokens.audit_seal import SealKeys, is_signed, public_key
from authgate_tenants import current_tenant, use_tenant

BATCH: Final = 500
"""Events under one seal, so many that a request beside it waits for some milliseconds."""

_MOST_DUE: Final = 1000
_AT_ONCE: Final = 4
_RUN_SECONDS: Final = 10.0
"""After so long a run takes up no more tenants: the next one begins with them."""
_VISIT_SECONDS: Final = 2.0
"""After so long a tenant that has much to seal gives its place to the next one."""

_log = structlog.get_logger(__name__)


class Sealer:
    """Seals with the keys of one installation."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts
        self._seen = Seen()

    @cached_property
    def keys(self) -> SealKeys:
        """Its keys. Raises ``KeyEncryptionKeyError``."""
        return keys_of(self._parts)

    async def seal_everywhere(self) -> None:
        """Seal what waits at all tenants, for a while. Raises what fails, once all are gone
        through."""
        now = self._parts.clock()
        due = await due_seals.tenants(self._parts.settings.database, now=now, limit=_MOST_DUE)
        since = [each.since for each in due if each.since is not None]
        lag = (now - min(since, default=now)).total_seconds()
        metrics.audit_seal_lag_seconds.set(max(lag, 0.0))
        places, end = asyncio.Semaphore(_AT_ONCE), time.monotonic() + _RUN_SECONDS

        async def at(tenant_id: UUID) -> None:
            async with places:
                # Also of one that is not served: what it did is to be held fast as well.
                tenant = await self._parts.resolver.find_by_id(tenant_id)
                if tenant is not None and time.monotonic() < end:
                    with use_tenant(tenant):
                        await self.seal()

        ended = await asyncio.gather(*(at(each.tenant_id) for each in due), return_exceptions=True)
        for fault in ended:
            if fault is not None:
                raise fault

    async def seal(self, *, seconds: float = _VISIT_SECONDS) -> int:
        """Seal what waits at the current tenant, for a while; how many events that were."""
        sealed, end = 0, time.monotonic() + seconds
        while True:
            began = time.monotonic()
            found = await self.step()
            sealed += found
            if found < BATCH or time.monotonic() > end:
                return sealed
            # As long again for whoever is served beside it.
            await asyncio.sleep(time.monotonic() - began)

    async def step(self) -> int:
        """Seal a batch of the current tenant's events; how many there were."""
        async with storage.transaction():
            if not await unsealed.alone():
                return 0
            events = await unsealed.waiting(limit=BATCH)
            if not events:
                return 0
            seal = await self._seal(events)
        self._seen.note(seal)
        metrics.audit_events_sealed.add(by=len(events))
        return len(events)

    async def take_over(self) -> None:
        """Seal the current tenant's log by the present key, where a former one has sealed it last:
        nobody knows that one any more once it is taken away."""
        async with storage.transaction():
            newest = await audit_seals.newest()
            is_present = newest and newest.signer == public_key(self.keys.present)
            if newest is None or is_present or not self._is_ours(newest):
                return
            await checkpoints.record(self._parts, self.keys, newest)
        await self.seal()

    async def _seal(self, events: Sequence[Sealable]) -> Seal:
        before = await audit_seals.newest()
        last = max(before.last_seq if before else 0, await unsealed.last_place())
        previous = before.digest if before else BEGINS
        lost = await self._seen.lost(before)
        if lost:
            # Behind what is gone: its places stay empty, and no seal that is there fits before it.
            previous, last = lost.digest, max(last, lost.last_seq)
            await _note_break(before.last_seq if before else 0, seen=lost.last_seq)
        elif before and not self._is_ours(before):
            # What is built on it would make it good.
            previous = BEGINS
            await _note_break(before.last_seq)
        placed = _placed(events, first=last + 1)
        now = self._parts.clock()
        seal = self._sealed(events, placed, previous, now)
        # The first checkpoint is an hour after the first seal: nothing is lost that could be cut.
        seal = replace(seal, checkpoint_at=before.checkpoint_at if before else now)
        if checkpoints.is_due(seal, before, [each.event_type for each in events]):
            await checkpoints.record(self._parts, self.keys, seal)
            seal = replace(seal, checkpoint_at=now)
        await unsealed.place(placed)
        await audit_seals.add(seal)
        if before is None:
            await audit_logs.begin(now=now)
        return seal

    def _is_ours(self, seal: Seal) -> bool:
        return (
            seal.signer in self.keys.trusted
            and seal.digest == seal.digest_for(current_tenant().id)
            and is_signed(seal.digest, seal.signature, seal.signer)
        )

    def _sealed(
        self, events: Sequence[Sealable], placed: Sequence[Placed], previous: bytes, now: datetime
    ) -> Seal:
        members = [
            Member(event.id.replace("-", ""), event.leaf(place.commitment))
            for event, place in zip(events, placed, strict=True)
        ]
        held = {
            "first_seq": placed[0].seq,
            "last_seq": placed[-1].seq,
            "root": leaves.root([each.leaf for each in members]),
            "previous": previous,
            "newest_at": audit_seals.moment(max(each.occurred_at for each in events)),
            "sealed_at": now,
        }
        digest = audit_seals.digest(current_tenant().id, **held)  # type: ignore[arg-type]  # by their names
        return Seal(
            members=audit_seals.members_of(members),
            digest=digest,
            signature=self.keys.sign(digest),
            signer=public_key(self.keys.present),
            checkpoint_at=now,
            **held,  # type: ignore[arg-type]  # as above
        )


def keys_of(parts: Installation) -> SealKeys:
    """What an installation seals with. Raises ``KeyEncryptionKeyError``."""
    return SealKeys.of(key_encryption_keys(parts.settings.keys, may_create=False))


def _placed(events: Sequence[Sealable], *, first: int) -> list[Placed]:
    salts = urandom(SALT_BYTES * len(events))
    placed = []
    for number, event in enumerate(events):
        salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
        placed.append(Placed(event.id, first + number, salt, event.commitment(salt)))
    return placed


async def _note_break(until: int, **more: int) -> None:
    _log.error("audit log is broken", tenant=current_tenant().slug, until=until, **more)
    await audit.record(
        Event.AUDIT_LOG_BROKEN,
        actor=SYSTEM,
        success=False,
        resource=("audit_log", str(current_tenant().id)),
        details={"until": until, **more},
    )
