"""How much of what rules have found becomes alerts, however much there is."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from authgate.alerts.rules import Chosen, Rule
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Finding
from authgate.storage.people import users
from authgate.web import row_ids
from authgate_tenants import current_tenant

MOST_AT_ONCE: Final = 100
MOST_A_DAY: Final = 1000
"""Alerts of one rule; what is found besides is one that tells of the tenant as a whole."""

_DAY: Final = timedelta(days=1)


async def bounded(
    found: Sequence[Finding], rules: Mapping[Rule, Chosen], *, now: datetime
) -> list[Finding]:
    """Of what was found that which alerts are to be raised for, in order."""
    by_rule: dict[Rule, list[Finding]] = defaultdict(list)
    for finding in await _of_who_is_there(found):
        by_rule[Rule(finding.rule)].append(finding)
    kept: list[Finding] = []
    for rule, theirs in by_rule.items():
        window = rules[rule].window
        several = list(_joined(theirs, window))
        room = MOST_A_DAY - await alerts.count(rule, since=now - _DAY)
        room = max(0, min(MOST_AT_ONCE, room))
        if len(several) > room:
            several.sort(key=lambda each: -each.events)
            rest = [_of_all(each) for each in several[room:]]
            several = [*several[:room], *_joined(rest, window)]
        kept += several
    return sorted(kept, key=lambda each: each.at)


def _joined(found: Sequence[Finding], window: timedelta) -> Iterator[Finding]:
    """The findings of a rule, those of the same subject within a window as one."""
    begun: dict[tuple[str, str], Finding] = {}
    for finding in sorted(found, key=lambda each: each.at):
        before = begun.get(finding.subject)
        if before is None:
            begun[finding.subject] = finding
        elif finding.at < before.at + window:
            begun[finding.subject] = replace(
                before,
                events=before.events + finding.events,
                last_at=max(before.last_at, finding.last_at),
            )
        else:
            yield before
            begun[finding.subject] = finding
    yield from begun.values()


def _of_all(finding: Finding) -> Finding:
    tenant = str(current_tenant().id)
    return replace(finding, subject_type="tenant", subject_id=tenant, details={})


async def _of_who_is_there(found: Sequence[Finding]) -> list[Finding]:
    """Without those that are about people who are not there, or not any more: nothing is to be
    written down of them. That somebody took a file along and went is told without saying who."""
    named = {each.subject_id: row_ids.find(each.subject_id) for each in found if _is_person(each)}
    people = {each for each in named.values() if each is not None}
    there = set(await users.usernames_of(people)) if people else set()

    def is_told(each: Finding) -> bool:
        return not _is_person(each) or named[each.subject_id] in there

    gone = [each for each in found if not is_told(each) and each.rule == Rule.EXPORT_TAKEN]
    return [*filter(is_told, found), *map(_of_all, gone)]


def _is_person(finding: Finding) -> bool:
    return finding.subject_type == "user"
