"""A tenant's log is checked by jobs because somebody asks for that, a portion after the other,
whoever is killed meanwhile. What was found is kept until it is asked for again.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Self
from uuid import UUID

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.jobs import VerifyAudit, port
from authgate.sealing import stored_log
from authgate.sealing.faults import Fault, Kind
from authgate.sealing.sealer import keys_of
from authgate.sealing.verification import Report
from authgate.storage.audit import audit_logs, audit_seals
from authgate.storage.people import users
from authgate_tenants import current_tenant

SEALS: Final = 100
"""Seals of a portion, each with up to 500 events."""

MOST: Final = 100
"""Faults that are kept."""

SECONDS: Final = 50.0
"""How long a job goes on; another one does then."""

_PAUSE_SECONDS: Final = 5.0

SILENCE: Final = timedelta(minutes=2)
"""So long after nothing was heard of who goes on with one another one does: longer than any portion
takes."""


class UnfitCheck(RuntimeError):
    """Nothing is sealed yet, or the log is being checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheck:
    """How far a check has come, or what it has found."""

    requested_by: str
    requester_type: str
    requester_id: str
    began_at: datetime
    ended_at: datetime | None = None
    seq: int = 0
    """The last place that was looked at."""
    digest: str = ""
    """Of the seal that holds it fast."""
    unproven: int = 0
    """Where the seals begin for which a later one still has to answer."""
    first_seq: int = 0
    events: int = 0
    seals: int = 0
    erased: int = 0
    removed: int = 0
    waiting: int = 0
    signed_by: str = ""
    fault_count: int = 0
    """How many there are; the first ones are kept."""
    faults: Sequence[Fault] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with what was looked at."""
        return not self.fault_count

    @property
    def reached(self) -> Mapping[str, Any]:
        """Behind what it goes on."""
        return {"seq": self.seq, "digest": self.digest, "unproven": self.unproven}

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        told = asdict(self)
        moments = {name: told[name] and told[name].isoformat() for name in ("began_at", "ended_at")}
        return told | moments | {"faults": [each.told() for each in self.faults]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From JSON."""
        ended = told["ended_at"]
        moments = {
            "began_at": datetime.fromisoformat(told["began_at"]),
            "ended_at": datetime.fromisoformat(ended) if ended else None,
        }
        faults = [Fault(**{**each, "kind": Kind(each["kind"])}) for each in told["faults"]]
        return cls(**{**told, **moments, "faults": faults})

    def going_on(self, report: Report) -> Self:
        """With what was found of the next portion."""
        every = [*self.faults, *report.faults]
        faults = _put_together(every)
        return replace(
            self,
            seq=max(self.seq, report.last_seq),
            digest=report.digest or self.digest,
            unproven=report.unproven,
            first_seq=self.first_seq or report.first_seq,
            events=self.events + report.events,
            seals=self.seals + report.seals,
            erased=self.erased + report.erased,
            removed=self.removed + report.removed,
            waiting=report.waiting,
            signed_by=report.signed_by or self.signed_by,
            fault_count=self.fault_count + len(report.faults) - (len(every) - len(faults)),
            faults=faults[:MOST],
        )


async def newest() -> LogCheck | None:
    """The last one of the current tenant's log, if there was any."""
    told = await audit_logs.verification()
    return LogCheck.of(told) if told else None


async def percent(check: LogCheck) -> int:
    """How far it has come: all of it once it has ended, and not before."""
    if check.ended_at is not None:
        return 100
    last = await audit_seals.newest()
    return min(99, check.seq * 100 // last.last_seq) if last and last.last_seq else 0


async def begin(parts: Installation, *, actor: Actor) -> LogCheck:
    """Have the current tenant's log be checked; where nobody takes jobs it is checked here. Raises
    ``UnfitCheck``."""
    now, tenant = parts.clock(), current_tenant()
    begun = LogCheck(
        requested_by=actor.name or actor.id or actor.type,
        requester_type=actor.type,
        requester_id=actor.id,
        began_at=now,
    )
    async with storage.transaction():
        if not await audit_logs.begin_verification(begun.told(), now=now):
            raise UnfitCheck
        await storage.after_commit(partial(port.hint, VerifyAudit(), tenant_id=tenant.id))
    if port.is_served():
        return begun
    while not await go_on(parts):
        pass
    return await newest() or begun


async def go_on(parts: Installation, *, seconds: float = SECONDS) -> bool:
    """Go on with the check of the current tenant's log for a while, unless nobody has asked for it
    or somebody does so; whether nothing of it is left for another one."""
    now, end = parts.clock(), time.monotonic() + seconds
    mine = now + SILENCE
    async with storage.transaction():
        told = await audit_logs.take_verification(now=now, until=mine)
    if told is None:
        return True
    check, trusted = LogCheck.of(told), keys_of(parts).thumbprints
    while True:
        began = time.monotonic()
        before = check.reached if check.digest else None
        report, is_whole = await stored_log.portion(trusted=trusted, before=before, seals=SEALS)
        check, now = check.going_on(report), parts.clock()
        if is_whole:
            await _end(replace(check, ended_at=now), mine)
            return True
        is_late = time.monotonic() > end
        again = now if is_late else now + SILENCE
        async with storage.transaction():
            check = await _unnamed(check)
            is_mine = await audit_logs.note_verification(check.told(), mine=mine, again=again)
        if not is_mine:
            return True
        if is_late:
            await port.hint(VerifyAudit(), tenant_id=current_tenant().id)
            return False
        mine = again
        # As long again for whoever is served beside it.
        await asyncio.sleep(min(time.monotonic() - began, _PAUSE_SECONDS))


async def _unnamed(check: LogCheck) -> LogCheck:
    """Without the name of who has asked for it, where that is somebody who is gone by now."""
    if check.requester_type != "user" or await users.find(UUID(check.requester_id)):
        return check
    return replace(check, requested_by=check.requester_id)


async def _end(check: LogCheck, mine: datetime) -> None:
    async with storage.transaction():
        check = await _unnamed(check)
        if not await audit_logs.note_verification(check.told(), mine=mine, again=None):
            return
        await audit.record(
            Event.AUDIT_LOG_VERIFIED,
            actor=Actor(check.requester_type, check.requester_id, check.requested_by),
            success=check.is_sound,
            resource=("audit_log", str(current_tenant().id)),
            details={"until": check.seq, "events": check.events, "faults": check.fault_count},
        )


def _put_together(faults: Sequence[Fault]) -> list[Fault]:
    """What is missing in one portion and too much in another was moved there."""
    missing = {each.event_id: each for each in faults if each.kind is Kind.DELETED}
    moved = {
        each.event_id
        for each in faults
        if each.kind is Kind.INSERTED and each.event_id in missing and each.event_id
    }
    found = []
    for each in faults:
        if each.event_id in moved and each.kind is Kind.INSERTED:
            own = f"sealed at {missing[each.event_id].seq}"
            found.append(each._replace(kind=Kind.REORDERED, found=own))
        elif each.event_id not in moved or each.kind is not Kind.DELETED:
            found.append(each)
    return found
