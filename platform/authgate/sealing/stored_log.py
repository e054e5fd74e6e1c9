"""The log of the current tenant, taken from the database and checked."""

import asyncio
import sys
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from authgate import storage
from authgate.audit import Event
from authgate.sealing import sayings
from authgate.sealing.faults import Kind
from authgate.sealing.verification import Report, Verification, seal_is_signed
from authgate.storage.audit import audit_events, audit_seals, sealed, unsealed
from authgate.storage.audit.audit_events import BEFORE_ALL
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.audit.sealed import SealedEvent
from authgate.tokens.audit_seal import named
from authgate_tenants import current_tenant

_SEALS: Final = 100
_EVENTS: Final = 2000
_STATEMENTS: Final = 200

_Said = Sequence[tuple[Any, int | None]]
"""Details of events, and their places."""


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
    return await _report(verification, reading)


async def portion(
    *, trusted: Collection[str], before: Mapping[str, Any] | None, seals: int
) -> tuple[Report, bool]:
    """What is found of so many seals behind the one that was the last before (``seq``,
    ``digest``, ``unproven``), and whether that is all of it by now."""
    tenant, begin = current_tenant(), int(before["seq"]) if before else 0
    verification = Verification(
        tenant_id=tenant.id,
        tenant=tenant.slug,
        trusted=trusted,
        checkpoint=before,
        starts=begin or 1,
    )
    reading = _Reading(verification, begin or 1)
    if before is not None:
        async with storage.transaction():
            last = await audit_seals.reaching(begin)
        if last is None:
            return verification.end(), True
        reading.goes_on_behind(last, unproven=before["unproven"])
    is_whole = await reading.all(seals=seals)
    return await _report(verification, reading, is_whole=is_whole, most=seals), is_whole


async def _report(
    verification: Verification,
    reading: "_Reading",
    *,
    is_whole: bool = True,
    most: int = sys.maxsize,
) -> Report:
    await _hear(verification, reading.at)
    async with storage.transaction():
        waiting = await unsealed.count() if is_whole else 0
    report = replace(verification.end(is_whole=is_whole), waiting=waiting)
    forged = [each.seq for each in report.faults if each.kind is Kind.FORGED]
    if not forged:
        return report
    # The newest seal of a chain answers for all of it: which one is not good is still to be found.
    # It is among those of a portion, where the last one of a portion before it is.
    after = min(forged) - 1
    return report.forged_from(await _first_unsigned(verification.trusted, after, most=most + 1))


async def _hear(verification: Verification, at: int) -> None:
    """Take in what is said of the log behind what was read, the newest first, as far as something
    is gone or empty for which nothing says why."""
    for event_type in verification.unexcused():
        async for page in _pages(event_type, at):
            await _know(verification, event_type, page, at)
            for details, place in page:
                verification.said(event_type, details, place)
            if event_type not in verification.unexcused():
                break
    if verification.unexcused():  # A former key may have said it.
        async for page in _pages(Event.AUDIT_CHECKPOINT, at):
            for details, place in page:
                verification.said(Event.AUDIT_CHECKPOINT, details, place)


async def _know(verification: Verification, event_type: str, page: _Said, at: int) -> None:
    """Look up the seals that statements name."""
    found = filter(None, (sayings.named(event_type, details) for details, _ in page))
    places = {seq for _, seq in found if seq > at}
    async with storage.transaction():
        seals = await audit_seals.ending_at(places)
    for seal in seals:
        verification.knows(seal)


async def _pages(event_type: str, at: int) -> AsyncIterator[_Said]:
    skipped = 0
    while True:
        began = time.monotonic()
        async with storage.transaction():
            page = await audit_events.newest_of_type(
                event_type, skipped=skipped, limit=_STATEMENTS, behind=at
            )
        yield page
        skipped += _STATEMENTS
        if len(page) < _STATEMENTS:
            return
        # As long again for whoever is served beside it.
        await asyncio.sleep(time.monotonic() - began)


async def _first_unsigned(trusted: Collection[str], after: int, *, most: int) -> int:
    at, left = after, most
    while left > 0 and (seals := await _page(at)):
        for seal in seals:
            if named(seal.signer) not in trusted or not seal_is_signed(seal):
                return seal.first_seq
        at, left = seals[-1].first_seq, left - len(seals)
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
        self.at = BEFORE_ALL
        """The last place that was read."""

    def goes_on_behind(self, seal: Seal, *, unproven: int) -> None:
        """Read what follows a seal that was read before, and for those from a place on nobody has
        answered yet."""
        self._verification.goes_on_behind(seal, unproven=unproven)
        self._last, self.at = seal, seal.last_seq

    async def all(self, *, seals: int = sys.maxsize) -> bool:
        """All of it, or what so many seals hold fast; whether that is all."""
        while True:
            for seal in await self._seals():
                if not seals:
                    # What follows is for whoever goes on.
                    self.at = self._last.last_seq if self._last else self.at
                    return False
                await self._seal(seal)
                seals -= 1
            if not self._waiting and not await self._more():
                return True
            # A sealer may have added both meanwhile, in one moment.
            if not await self._seals():
                self._verification.unsealed(self._waiting)
                self._waiting = []

    async def _seals(self) -> list[Seal]:
        if self._last is not None or self._starts <= 1:
            return await _page(self._last.first_seq if self._last else BEFORE_ALL)
        async with storage.transaction():
            first = await audit_seals.reaching(self._starts)
            return await audit_seals.following(first.first_seq - 1, limit=_SEALS) if first else []

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
