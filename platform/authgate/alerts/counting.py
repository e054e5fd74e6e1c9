"""Rules that count: what is found where there are so many of a kind within a window.

A window slides: it begins with any event. Once there were so many, all that comes until it is over
belongs to the same alert; the next one begins behind it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from authgate.alerts.rules import Chosen, Rule
from authgate.audit import Event
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.looked_at import Seen
from authgate.web import client_ip
from authgate_tenants import current_tenant

Subject = tuple[str, str]
"""Of what kind, and which."""

MOST = 100
"""Findings of a rule at once: those of which there are most."""


def is_failed_sign_in(event: Seen) -> bool:
    """Whether somebody was not let in who tried to prove who they are."""
    if event.event_type == Event.AUTHENTICATION_FAILURE:
        return True
    # Of a directory; of another provider it is a page that somebody has left.
    by_password = event.details.get("method") == "pwd"
    return event.event_type == Event.OAUTH_AUTHENTICATION and not event.success and by_password


def _account(event: Seen) -> Subject | None:
    return ("user", event.actor_id) if event.actor_id else None


def _address(event: Seen) -> Subject | None:
    return ("address", client_ip.bucket(event.ip)) if event.ip else None


def _tenant(_event: Seen) -> Subject:
    return ("tenant", str(current_tenant().id))


def _limit(event: Seen) -> Subject | None:
    return ("limit", event.resource_id) if event.event_type == Event.RATE_LIMIT_EXCEEDED else None


def _taker(event: Seen) -> Subject | None:
    return (event.actor_type, event.actor_id) if event.event_type in TAKEN else None


FAILED = (Event.AUTHENTICATION_FAILURE, Event.OAUTH_AUTHENTICATION)
TAKEN = (Event.TENANT_EXPORTED, Event.AUDIT_EXPORT_DOWNLOADED)

_OF_FAILURES = {
    Rule.FAILED_SIGN_INS_ACCOUNT: _account,
    Rule.FAILED_SIGN_INS_ADDRESS: _address,
    Rule.FAILED_SIGN_INS: _tenant,
}
RULES: dict[Rule, tuple[tuple[Event, ...], Callable[[Seen], Subject | None]]] = {
    **{rule: (FAILED, of) for rule, of in _OF_FAILURES.items()},
    Rule.LIMIT_REACHED: ((Event.RATE_LIMIT_EXCEEDED,), _limit),
    Rule.EXPORT_TAKEN: (TAKEN, _taker),
}
"""By the rule, which events it looks at, and whom each is counted for."""


def found(
    rule: Rule,
    chosen: Chosen,
    events: Iterable[Seen],
    *,
    fresh: Collection[UUID],
    known: Mapping[Subject, datetime],
) -> list[Finding]:
    """What there is of a rule in these events, which are in order. Those that are ``fresh`` were
    not looked at before; ``known`` says when the last alert of each subject was raised."""
    counted: dict[Subject, list[Seen]] = defaultdict(list)
    _, subject_of = RULES[rule]
    for event in events:
        if event.event_type in FAILED and not is_failed_sign_in(event):
            continue
        subject = subject_of(event)
        if subject is not None:
            counted[subject].append(event)
    findings: list[Finding] = []
    for subject, theirs in counted.items():
        begun = _Begun(rule, subject, chosen, fresh, known.get(subject))
        for event in theirs:
            begun.take(event)
        findings += begun.findings()
    findings.sort(key=lambda each: -each.events)
    return findings[:MOST]


class _Begun:
    """The alerts of one subject, as its events come."""

    def __init__(
        self,
        rule: Rule,
        subject: Subject,
        chosen: Chosen,
        fresh: Collection[UUID],
        known: datetime | None,
    ) -> None:
        self._rule, self._subject, self._chosen = rule, subject, chosen
        self._fresh = fresh
        self._within: deque[Seen] = deque()
        self._at = known
        self._of_it: list[Seen] = []
        self._found: list[Finding] = []

    def take(self, event: Seen) -> None:
        """Count one more in."""
        window = self._chosen.window
        self._within.append(event)
        while self._within[0].occurred_at <= event.occurred_at - window:
            self._within.popleft()
        if self._at is not None and event.occurred_at < self._at + window:
            # It is known already: what was counted for it is not counted again.
            if event.id in self._fresh:
                self._of_it.append(event)
        elif len(self._within) >= self._chosen.threshold:
            self._end()
            self._at, self._of_it = event.occurred_at, list(self._within)

    def findings(self) -> list[Finding]:
        """All that there were."""
        self._end()
        return self._found

    def _end(self) -> None:
        if self._at is not None and any(each.id in self._fresh for each in self._of_it):
            self._found.append(_finding(self._rule, self._subject, self._at, self._of_it))
        self._of_it = []


def _finding(rule: Rule, subject: Subject, at: datetime, events: Sequence[Seen]) -> Finding:
    last = events[-1]
    addresses = {each.ip for each in events if each.ip}
    accounts = {each.actor_id for each in events if each.actor_id}
    return Finding(
        rule=rule,
        subject_type=subject[0],
        subject_id=subject[1],
        first_at=events[0].occurred_at,
        at=at,
        last_at=last.occurred_at,
        events=len(events),
        event_id=last.id,
        details={"address": last.ip, "addresses": len(addresses), "accounts": len(accounts)},
    )
