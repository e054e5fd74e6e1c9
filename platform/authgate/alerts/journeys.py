"""Rules of places: what nobody can have done in so little time, by a file of places. Without one
there are none of these.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import Final
from uuid import UUID

from authgate.accounts.whereabouts import Place, Whereabouts
from authgate.alerts.rules import Chosen, Rule
from authgate.audit import Event
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.looked_at import Seen

SIGN_INS: Final = (Event.AUTHENTICATION_SUCCESS, Event.OAUTH_AUTHENTICATION)
REFRESHES: Final = (Event.TOKEN_REFRESHED,)

NEAR: Final = 300.0
"""Kilometres that a file of places may be wrong by, and a provider's exit may be away."""


def journeys(
    events: Iterable[Seen], *, fresh: Set[UUID], chosen: Chosen, whereabouts: Whereabouts
) -> Iterator[Finding]:
    """Sign-ins of a person after one another that are farther apart than anybody travels."""
    by_person: dict[str, list[tuple[Seen, Place]]] = defaultdict(list)
    for event in events:
        if event.success and event.actor_type == "user" and event.ip:
            place = whereabouts.place(event.ip)
            # One that is nowhere lies between no two others.
            if place and place.position:
                by_person[event.actor_id].append((event, place))
    for person, theirs in by_person.items():
        for (before, there), (after, here) in pairwise(theirs):
            if before.ip == after.ip or fresh.isdisjoint((before.id, after.id)):
                continue
            away = there.kilometres(here)
            hours = (after.occurred_at - before.occurred_at).total_seconds() / 3600
            if away is None or away < NEAR or away <= chosen.threshold * hours:
                continue
            yield _finding(
                Rule.IMPOSSIBLE_TRAVEL,
                ("user", person),
                before,
                after,
                {
                    "kilometres": round(away),
                    "minutes": round(hours * 60),
                    "addresses": [before.ip, after.ip],
                    "countries": [there.country, here.country],
                },
            )


def two_countries(
    events: Iterable[Seen],
    *,
    families: Mapping[str, UUID],
    fresh: Set[UUID],
    chosen: Chosen,
    whereabouts: Whereabouts,
) -> Iterator[Finding]:
    """Refresh tokens of one sign-in that were used in two countries within the window."""
    by_family: dict[UUID, list[tuple[Seen, str]]] = defaultdict(list)
    for event in events:
        family = families.get(event.resource_id)
        place = whereabouts.place(event.ip) if family is not None and event.ip else None
        if family is not None and place and place.country:
            by_family[family].append((event, place.country))
    for family, theirs in by_family.items():
        for (before, there), (after, here) in pairwise(theirs):
            if there == here or fresh.isdisjoint((before.id, after.id)):
                continue
            if after.occurred_at - before.occurred_at >= chosen.window:
                continue
            yield _finding(
                Rule.TOKEN_IN_TWO_COUNTRIES,
                _subject(after),
                before,
                after,
                {
                    "authorization": str(family),
                    "client_id": after.client_id,
                    "addresses": [before.ip, after.ip],
                    "countries": [there, here],
                },
            )


def people(events: Sequence[Seen]) -> list[str]:
    """The people of these events."""
    return sorted({each.actor_id for each in events if each.actor_type == "user"})


def _subject(event: Seen) -> tuple[str, str]:
    if event.actor_type == "user":
        return ("user", event.actor_id)
    return ("client", event.client_id)


def _finding(
    rule: Rule,
    subject: tuple[str, str],
    before: Seen,
    after: Seen,
    details: Mapping[str, object],
) -> Finding:
    return Finding(
        rule=rule,
        subject_type=subject[0],
        subject_id=subject[1],
        first_at=before.occurred_at,
        at=after.occurred_at,
        last_at=after.occurred_at,
        event_id=after.id,
        details=details,
    )
