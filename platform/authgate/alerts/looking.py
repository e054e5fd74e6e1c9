"""Looks at what has come into a tenant's log, by all of its rules, and raises what they find.

How far was looked is stored with what was found, by one conditional statement: whoever is killed,
or overtaken by somebody who looks as well, has raised nothing.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

import structlog

from authgate import storage
from authgate.accounts.whereabouts import Whereabouts
from authgate.alerts import counting, journeys, raising, singles
from authgate.alerts.rules import Chosen, Rule, chosen
from authgate.audit import Event
from authgate.installation import Installation
from authgate.storage.audit import alerts, looked_at
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.looked_at import STEP, Seen
from authgate.web import row_ids
from authgate_tenants import current_tenant

STALE: Final = timedelta(days=3)
"""What is older when it is found is told to nobody: a log from elsewhere is full of it."""

_VISIT_SECONDS: Final = 2.0
"""After so long a tenant in whose log much has come gives its place to the next one."""

_SEEN: Final = timedelta(minutes=1)
"""For so long whoever tells that a log waits has seen that it does: after everything stood still it
is sealed by then."""

_log = structlog.get_logger(__name__)

_Rules = Mapping[Rule, Chosen]


class _Overtaken(Exception):
    """Somebody else has looked at the same meanwhile."""


class Lookout:
    """Looks with what one installation knows of places."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts
        self._waiting: Mapping[UUID, datetime] = {}

    @cached_property
    def _whereabouts(self) -> Whereabouts:
        file = self._parts.settings.geoip_file
        try:
            return Whereabouts(file)
        except (OSError, RuntimeError, ValueError):
            # Whoever does jobs has others to do, and may be where the file is not.
            _log.exception("no places for alerts", file=str(file))
            return Whereabouts(None)

    def still_waiting(self, tenants: Collection[UUID]) -> list[UUID]:
        """Those of these tenants, whose logs wait for their seal, of whom that was so each time
        for a while."""
        now = self._parts.clock()
        self._waiting = {each: self._waiting.get(each, now) for each in tenants}
        return [each for each, since in self._waiting.items() if since <= now - _SEEN]

    async def look(self, *, seconds: float = _VISIT_SECONDS) -> int:
        """Look at what has come into the current tenant's log, for a while; how many alerts were
        raised."""
        raised, end = 0, time.monotonic() + seconds
        while True:
            try:
                found, is_last = await self._step()
            except _Overtaken:
                return raised
            raised += found
            if is_last or time.monotonic() > end:
                return raised

    async def look_at_seal(self) -> int:
        """Raise an alert where the current tenant's log waits for its seal for too long."""
        rule, now = Rule.AUDIT_LOG_UNSEALED, self._parts.clock()
        rules = chosen(current_tenant().settings)
        async with storage.transaction():
            since = await looked_at.waiting_since()
            long_ago = now - rules[rule].window
            if not rules[rule].is_on or since is None or since > long_ago:
                return 0
            # What waits may have happened elsewhere, or have much before it: if it moves, it works.
            if await looked_at.sealed_at() > long_ago:
                return 0
            finding = Finding(
                rule=rule,
                subject_type="tenant",
                subject_id=str(current_tenant().id),
                first_at=since,
                at=now,
                last_at=now,
                details={},
            )
            return await raising.raise_all(self._parts, [finding], rules)

    async def _step(self) -> tuple[int, bool]:
        """How many alerts a part of the log has raised, and whether it was the last."""
        before, last = await looked_at.place(), await looked_at.last_place()
        if before is None or last <= before:
            return 0, True
        rules = {
            rule: each for rule, each in chosen(current_tenant().settings).items() if each.is_on
        }
        now, until = self._parts.clock(), min(last, before + STEP)
        fresh = await looked_at.at_places(before, until, types=self._types(rules))
        found = [each for each in await self._found(fresh, rules) if each.last_at > now - STALE]
        async with storage.transaction():
            if not await looked_at.go_on(before, until, now=now):
                raise _Overtaken
            return await raising.raise_all(self._parts, found, rules), until == last

    def _types(self, rules: _Rules) -> set[Event]:
        types = {event for event, rule in singles.RULES.items() if rule in rules}
        for rule, (counted, _) in counting.RULES.items():
            types |= set(counted) if rule in rules else set()
        # What every token writes is looked at only where there is something to learn of it.
        if self._whereabouts.are_known:
            types |= set(journeys.SIGN_INS) if Rule.IMPOSSIBLE_TRAVEL in rules else set()
            types |= set(journeys.REFRESHES) if Rule.TOKEN_IN_TWO_COUNTRIES in rules else set()
        return types

    async def _found(self, fresh: Sequence[Seen], rules: _Rules) -> list[Finding]:
        theirs = [each for each in fresh if singles.RULES.get(Event(each.event_type)) in rules]
        known = await singles.known(theirs)
        found = [each for event in theirs if (each := _single(event, known))]
        for rule in counting.RULES:
            if rule in rules:
                found += await self._counted(rule, rules[rule], fresh)
        if self._whereabouts.are_known:
            found += await self._journeys(fresh, rules)
            found += await self._countries(fresh, rules)
        return found

    async def _counted(self, rule: Rule, how: Chosen, fresh: Sequence[Seen]) -> list[Finding]:
        types, _ = counting.RULES[rule]
        period = _period(fresh, types, how.window)
        if period is None:
            return []
        return counting.found(
            rule,
            how,
            await looked_at.between(*period, types=types),
            fresh={each.id for each in fresh},
            # An alert that was raised just before still has what came first of these.
            known=await alerts.raised(rule, since=period[0] - how.window),
        )

    async def _journeys(self, fresh: Sequence[Seen], rules: _Rules) -> Iterator[Finding]:
        how = rules.get(Rule.IMPOSSIBLE_TRAVEL)
        period = _period(fresh, journeys.SIGN_INS, how.window) if how else None
        if how is None or period is None:
            return iter(())
        signed_in = [each for each in fresh if each.event_type in journeys.SIGN_INS]
        events = await looked_at.between(
            *period, types=journeys.SIGN_INS, actors=journeys.people(signed_in)
        )
        return journeys.journeys(
            events, fresh={each.id for each in fresh}, chosen=how, whereabouts=self._whereabouts
        )

    async def _countries(self, fresh: Sequence[Seen], rules: _Rules) -> Iterator[Finding]:
        how = rules.get(Rule.TOKEN_IN_TWO_COUNTRIES)
        period = _period(fresh, journeys.REFRESHES, how.window) if how else None
        if how is None or period is None:
            return iter(())
        refreshed = [each for each in fresh if each.event_type in journeys.REFRESHES]
        events = await looked_at.between(
            *period, types=journeys.REFRESHES, actors=journeys.people(refreshed)
        )
        return journeys.two_countries(
            events,
            families=await looked_at.families(
                {each.resource_id for each in events if row_ids.find(each.resource_id)}
            ),
            fresh={each.id for each in fresh},
            chosen=how,
            whereabouts=self._whereabouts,
        )


def _single(event: Seen, known: singles.Known) -> Finding | None:
    try:
        return singles.found(event, known)
    except (AttributeError, LookupError, TypeError, ValueError):
        # Looked at again it would be the same, and nothing behind it would be looked at.
        _log.exception("event cannot be looked at", event=str(event.id), type=event.event_type)
        return None


def _period(
    fresh: Sequence[Seen], types: Sequence[Event], window: timedelta
) -> tuple[datetime, datetime] | None:
    """From which moment to which events of these types have to be looked at together."""
    moments = [each.occurred_at for each in fresh if each.event_type in types]
    return (min(moments) - window, max(moments)) if moments else None
