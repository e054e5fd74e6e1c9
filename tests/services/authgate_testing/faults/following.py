"""What must have followed from what was acknowledged, once the faults are over."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from authgate.audit import Event
from authgate_testing.faults.aftermath import Aftermath, Logged, told
from authgate_testing.faults.checker import Rule, Violation
from authgate_testing.faults.history import History, Kind, LogFile
from authgate_testing.faults.household import Household
from authgate_testing.faults.stored import StoredToken, hashed

_DONE = (201, 204)
"""Of what changes something."""


class Following:
    """Holds what follows in one run to the rules."""

    def __init__(
        self,
        history: History,
        aftermath: Aftermath,
        households: Sequence[Household],
        tokens: Sequence[StoredToken],
    ) -> None:
        self._history = history
        self._after = aftermath
        self._households = {household.slug: household for household in households}
        self._jtis = {token.token_hash: token.jti for token in tokens}

    def violations(self) -> list[Violation]:
        """Whatever did not hold."""
        return [
            *self._left(),
            *self._sealed(),
            *self._events(),
            *self._files(),
            *self._mails(),
            *self._logouts(),
            *self._leavers(),
            *self._usage(),
        ]

    def _left(self) -> Iterator[Violation]:
        for what, said in self._after.left.items():
            rule = Rule.SEALED if "seal" in what else Rule.FOLLOWED
            yield Violation(rule, f"{what}: {said} after {self._after.seconds:.0f} s")
        for what, count in self._after.given_up.items():
            yield Violation(Rule.FOLLOWED, f"{what} that were given up: {count}")

    def _sealed(self) -> Iterator[Violation]:
        if self._after.unsound:
            yield Violation(Rule.SEALED, self._after.unsound)
        for tenant_id, log in self._after.logs.items():
            places = [each.seq for each in log if each.seq is not None]
            if len(set(places)) < len(places):
                yield Violation(Rule.SEALED, f"{tenant_id}: two events in one place")

    def _events(self) -> Iterator[Violation]:
        wanted = {Kind.EXPORT: Event.AUDIT_EXPORT_REQUESTED, Kind.INVITATION: Event.USER_INVITED}
        for kind, event in wanted.items():
            for call in self._history.of(kind):
                found = self._logged(call.tenant, event, call.gave) if call.gave else 1
                if found != 1:
                    yield Violation.of(Rule.WHOLE, call, f"{found} events of it")

    def _files(self) -> Iterator[Violation]:
        for file in self._history.files:
            if file.parts is None:
                continue  # whether it is whole by now is seen by what is left
            lines = told("".join(file.parts))
            for rule, fault in self._faults(file, lines):
                yield Violation.of(rule, file.asked, f"the file {fault}")

    def _faults(self, file: LogFile, lines: Sequence[dict[str, Any]]) -> Iterator[tuple[Rule, str]]:
        content = "".join(file.parts or ()).encode()
        log = {each.id: each for each in self._log(file.tenant)}
        ids = [line["id"] for line in lines]
        if twice := len(ids) - len(set(ids)):
            yield Rule.ONCE, f"tells {twice} events more than once"
        if strange := set(ids) - log.keys():
            yield Rule.FOLLOWED, f"tells of what never was: {sorted(strange)[:3]}"
            return
        known = [log[each] for each in dict.fromkeys(ids)]
        if known != sorted(known, key=lambda each: (each.occurred_at, each.id)):
            yield Rule.FOLLOWED, "is out of order"
        asked_at = datetime.fromisoformat(file.created_at)
        if any(each.occurred_at >= asked_at for each in known):
            yield Rule.FOLLOWED, "tells of what happened later"
        said = file.said
        if said["rows"] != len(ids) or said["size"] != len(content):
            yield Rule.FOLLOWED, f"is to have {said['rows']} rows, and has {len(ids)}"
        if said["sha256"] != hashlib.sha256(content).hexdigest():
            yield Rule.FOLLOWED, "is another than its digest says"
        told_of = {line["resource"]["id"] for line in lines}
        if lost := self._acknowledged_before(file) - told_of:
            yield Rule.KEPT, f"lacks {len(lost)} of what was acknowledged before: {[*lost][:3]}"

    def _acknowledged_before(self, file: LogFile) -> set[str]:
        tokens = [
            call.gave
            for call in self._history.of(Kind.MACHINE, Kind.REDEMPTION)
            if call.gave and call.tenant == file.tenant and call.ended < file.began
        ]
        # One that is stored nowhere is another rule's.
        found = [self._jtis.get(hashed(each)) for each in tokens]
        return {each for each in found if each is not None}

    def _mails(self) -> Iterator[Violation]:
        stored, arrived = Counter(to for to, _ in self._after.mails), defaultdict(set)
        for recipient, message_id in self._after.arrived:
            arrived[recipient].add(message_id)
        for call in self._history.of(Kind.INVITATION):
            if call.gave and not arrived[call.about]:
                yield Violation.of(Rule.FOLLOWED, call, "no mail has arrived")
            if stored[call.about] > 1 or len(arrived[call.about]) > 1:
                yield Violation.of(Rule.ONCE, call, f"{stored[call.about]} mails of it")

    def _logouts(self) -> Iterator[Violation]:
        for call in self._history.of(Kind.SIGN_OUT):
            if call.status == 303 and call.about and call.about not in self._after.told:
                yield Violation.of(Rule.FOLLOWED, call, "its client was not told")

    def _leavers(self) -> Iterator[Violation]:
        for household in self._households.values():
            for user_id in household.leavers:
                gone = self._logged(household.slug, Event.USER_DELETED, user_id)
                if user_id in self._after.remaining or gone != 1:
                    told_of = f"{user_id} of {household.slug} is to be gone"
                    yield Violation(Rule.FOLLOWED, f"{told_of}, of which {gone} events tell")

    def _usage(self) -> Iterator[Violation]:
        used, before = self._after.used, self._after.used_before
        for slug, household in self._households.items():
            stored = self._after.tokens.get(household.tenant_id, 0)
            if used.tokens.get(slug, 0) != stored:
                told_of = f"{used.tokens.get(slug, 0)} of {stored} tokens"
                yield Violation(Rule.FOLLOWED, f"{told_of} of {slug} are counted")
            counted = used.calls.get(slug, 0) - before.calls.get(slug, 0)
            calls = [
                call
                for call in self._history.of(Kind.EXPORT, Kind.INVITATION, Kind.FILE)
                if call.tenant == slug and not call.replayed
            ]
            # Who only reads is answered although it could not be counted.
            done = sum(call.status in _DONE for call in calls)
            if not done <= counted <= len(calls):
                told_of = f"{counted} calls of {slug} are counted"
                yield Violation(Rule.FOLLOWED, f"{told_of}, of {done} to {len(calls)}")

    def _log(self, slug: str) -> Sequence[Logged]:
        return self._after.logs.get(self._households[slug].tenant_id, ())

    def _logged(self, slug: str, event: Event, resource_id: str) -> int:
        return sum(
            each.kind == event and each.resource_id == resource_id for each in self._log(slug)
        )
