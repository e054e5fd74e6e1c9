"""The log of the current tenant, taken from the database and checked."""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import Any, Final

from authgate import storage
from authgate.sealing import sayings
from authgate.sealing.faults import Kind
from authgate.sealing.verification import Report, Verification, seal_is_signed
from authgate.storage.audit import audit_events, audit_seals, sealed
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.sealed import SealedEvent
from authgate.tokens.audit_seal import named
from authgate_tenants import current_tenant

_SEALS: Final = 100
_EVENTS: Final = 2000
_BEFORE_ALL: Final = -(2**63)


async def verified(
    *, trusted: Collection[str], checkpoint: Mapping[str, Any] | None = None, starts: int = 1
) -> Report:
    """What is found of it, from the seal that has this place on. Each page is read by itself: who
    writes meanwhile waits for nothing."""
    tenant = current_tenant()
    verification = Verification(
        tenant_id=tenant.id,
        tenant=tenant.slug,
        trusted=trusted,
        checkpoint=checkpoint,
        starts=starts,
    )
    reading = _Reading(verification, starts)
    await reading.all()
    async with storage.transaction():
        for event_type, details in await audit_events.behind(reading.at, types=sayings.TYPES):
            verification.said(event_type, details)
    report = verification.end()
    if all(each.kind is not Kind.FORGED for each in report.faults):
        return report
    # The newest seal of a chain answers for all of it: which one is not good is still to be found.
    return report.forged_from(await _first_unsigned(trusted))


async def _first_unsigned(trusted: Collection[str]) -> int:
    at = 0
    while seals := await _page(at):
        for seal in seals:
            if named(seal.signer) not in trusted or not seal_is_signed(seal):
                return seal.first_seq
        at = seals[-1].first_seq
    return 0


async def _page(after: int) -> list[Seal]:
    async with storage.transaction():
        return await audit_seals.following(after, limit=_SEALS)


class _Reading:
    """Reads seals, and beside them the events, each in pages."""

    def __init__(self, verification: Verification, starts: int) -> None:
        self._verification = verification
        self._starts = starts
        self._last: Seal | None = None
        self._waiting: list[SealedEvent] = []
        self.at = _BEFORE_ALL
        """The last place that was read."""

    async def all(self) -> None:
        """All of it."""
        while True:
            for seal in await self._seals():
                await self._seal(seal)
            if not self._waiting and not await self._more():
                return
            # A sealer may have added both meanwhile, in one moment.
            if not await self._seals():
                self._verification.unsealed(self._waiting)
                self._waiting = []

    async def _seals(self) -> list[Seal]:
        if self._last is not None:
            return await _page(self._last.first_seq)
        async with storage.transaction():
            return await audit_seals.reaching(self._starts, limit=_SEALS)

    async def _seal(self, seal: Seal) -> None:
        if self._last is None and self._starts > 1:
            self.at = seal.first_seq - 1
        self._last = seal
        stray = await self._until(seal.first_seq - 1)
        self._verification.seal(seal)
        if stray:
            self._verification.unsealed(stray)
        self._verification.events(seal, await self._until(seal.last_seq))

    async def _until(self, seq: int) -> list[SealedEvent]:
        """The events up to a place that were not taken yet."""
        found: list[SealedEvent] = []
        while True:
            count = bisect_right(self._waiting, seq, key=lambda each: each.seq)
            found += self._waiting[:count]
            self._waiting = self._waiting[count:]
            if self._waiting or self.at >= seq or not await self._more():
                return found

    async def _more(self) -> bool:
        async with storage.transaction():
            self._waiting = list(await sealed.following(self.at, limit=_EVENTS))
        if self._waiting:
            self.at = self._waiting[-1].seq
        return bool(self._waiting)
