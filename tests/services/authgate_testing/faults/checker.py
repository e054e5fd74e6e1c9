"""What must hold after any faults: the history of calls, held against what is stored in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from authgate.audit import Event
from authgate_testing.faults.history import Call, History, Kind
from authgate_testing.faults.household import Household
from authgate_testing.faults.stored import Stored, StoredCode, StoredToken, hashed

_EXPECTED = {
    Kind.MACHINE: {200},
    Kind.TOKENINFO: {200},
    Kind.USERINFO: {200},
    Kind.KEYS: {200},
    Kind.DEVICE: {200},
    Kind.SIGN_IN: {200, 303},
    Kind.CODE: {200, 400},
    Kind.APPROVAL: {200, 400},
    Kind.REDEMPTION: {200, 400},
    Kind.ABROAD: {400, 401},
    Kind.LETTING_IN: {302, 303},
    Kind.CODE_TOKEN: {200, 400},
    Kind.SIGN_OUT: {303, 403},
    Kind.INVITATION: {201, 409},
    Kind.EXPORT: {201, 409},
    Kind.FILE: {200, 204, 404},
}
_ISSUED = {
    Event.CLIENT_CREDENTIALS_TOKEN_ISSUED,
    Event.ACCESS_TOKEN_ISSUED,
    Event.TOKEN_EXCHANGED,
}
_TOKENS = (Kind.MACHINE, Kind.REDEMPTION, Kind.CODE_TOKEN)
_APPROVED = ("approved", "redeemed")
_ACKNOWLEDGED_AS = {
    Kind.DEVICE: ("pending", *_APPROVED),
    Kind.APPROVAL: _APPROVED,
    Kind.REDEMPTION: ("redeemed",),
}


class Rule(StrEnum):
    """What must hold."""

    ANSWERED = "an answer fits its question, or says when to come back, or does not come"
    KEPT = "what was acknowledged is stored"
    ONCE = "nothing is done twice"
    WHOLE = "what belongs together is stored together"
    APART = "nothing crosses from one tenant to another"
    SEALED = "the log is sealed, and is what was sealed"
    FOLLOWED = "what follows from what was acknowledged is done, all of it"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that did not hold."""

    rule: Rule
    text: str
    request_id: str = ""

    @classmethod
    def of(cls, rule: Rule, call: Call, fault: str) -> "Violation":
        """A rule that did not hold for one call."""
        return cls(rule, f"{call}: {fault}", call.request_id)

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


class Checker:
    """Holds one run to the rules."""

    def __init__(self, history: History, stored: Stored, households: Sequence[Household]) -> None:
        self._history = history
        self._stored = stored
        self._ids = {household.slug: household.tenant_id for household in households}
        self._tokens = {token.token_hash: token for token in stored.tokens}
        self._codes = {code.code_hash: code for code in stored.codes}
        self._events = Counter(
            (event.tenant_id, event.kind, event.resource_id) for event in stored.events
        )
        self._by_code: defaultdict[tuple[Kind, str], list[Call]] = defaultdict(list)
        for call in history.of(Kind.APPROVAL, Kind.REDEMPTION):
            self._by_code[call.kind, call.about].append(call)

    def violations(self) -> list[Violation]:
        """Whatever did not hold."""
        return [
            *self._answers(),
            *self._acknowledged_tokens(),
            *self._acknowledged_codes(),
            *self._spent_twice(),
            *self._token_events(),
            *self._code_events(),
            *self._spent_codes(),
        ]

    def _answers(self) -> Iterator[Violation]:
        for call in self._history.calls:
            if call.wrong:
                yield Violation.of(Rule.APART, call, call.wrong)
            if call.kind is Kind.ABROAD and call.status == 200:
                yield Violation.of(Rule.APART, call, "let in")
            elif fault := self._fault(call):
                yield Violation.of(Rule.ANSWERED, call, fault)

    def _fault(self, call: Call) -> str:
        if call.status == 0:
            return "nobody answered" if "Timeout" in call.broke or not call.broke else ""
        if call.status == 503:
            return "" if call.retry_after else "does not say when to come back"
        if call.status not in _EXPECTED[call.kind]:
            return "no such answer is expected"
        return self._refused_without_reason(call) if call.status == 400 else ""

    def _refused_without_reason(self, call: Call) -> str:
        approvals = self._by_code[Kind.APPROVAL, call.about]
        redemptions = self._by_code[Kind.REDEMPTION, call.about]
        match call.kind:
            case Kind.CODE | Kind.APPROVAL:
                return "" if _may_be_done_by_another(call, approvals) else "nobody had decided"
            case Kind.REDEMPTION if call.error == "invalid_grant":
                return "" if _may_be_done_by_another(call, redemptions) else "nobody had spent it"
            case Kind.REDEMPTION if call.error in ("authorization_pending", "slow_down"):
                approved = any(it.status == 200 and it.ended < call.began for it in approvals)
                return "it was approved" if approved else ""
            case Kind.REDEMPTION:
                return "no such refusal is expected"
        return ""

    def _acknowledged_tokens(self) -> Iterator[Violation]:
        given = [call for call in self._history.of(*_TOKENS) if call.gave]
        for call in given:
            token = self._tokens.get(hashed(call.gave))
            if token is None:
                yield Violation.of(Rule.KEPT, call, "its token is not stored")
            elif token.tenant_id != self._ids[call.tenant]:
                yield Violation.of(Rule.APART, call, f"its token is stored with {token.tenant_id}")
        for token_text, count in Counter(call.gave for call in given).items():
            if count > 1:
                yield Violation(Rule.ONCE, f"one token was given {count} times: {token_text}")

    def _acknowledged_codes(self) -> Iterator[Violation]:
        for call in self._history.of(*_ACKNOWLEDGED_AS):
            if call.status != 200:
                continue
            code = self._codes.get(hashed(call.gave if call.kind is Kind.DEVICE else call.about))
            if code is None:
                yield Violation.of(Rule.KEPT, call, "its code is not stored")
            elif code.tenant_id != self._ids[call.tenant]:
                yield Violation.of(Rule.APART, call, f"its code is stored with {code.tenant_id}")
            elif code.status not in _ACKNOWLEDGED_AS[call.kind]:
                yield Violation.of(Rule.KEPT, call, f"the code is {code.status}")

    def _spent_twice(self) -> Iterator[Violation]:
        for (kind, code), calls in self._by_code.items():
            done = [call for call in calls if call.status == 200]
            if len(done) > 1:
                told = "; ".join(map(str, done))
                yield Violation(Rule.ONCE, f"{kind} of {code[:8]}…: {told}")

    def _token_events(self) -> Iterator[Violation]:
        tokens = Counter((token.tenant_id, token.jti) for token in self._stored.tokens)
        events = self._counted(*_ISSUED)
        for one in tokens.keys() | events.keys():
            if (tokens[one], events[one]) != (1, 1):
                yield Violation(
                    Rule.WHOLE, f"token {one}: {tokens[one]} rows, {events[one]} audit events"
                )

    def _code_events(self) -> Iterator[Violation]:
        begun = self._counted(Event.DEVICE_CODE_GENERATED)
        decided = self._counted(Event.DEVICE_CODE_AUTHORIZED)
        codes = {(code.tenant_id, code.code_id): code for code in self._stored.codes}
        for one in codes.keys() | begun.keys() | decided.keys():
            expected = (1, int(codes[one].status in _APPROVED)) if one in codes else (0, 0)
            if (begun[one], decided[one]) != expected:
                told = f"begun {begun[one]}, approved {decided[one]} times in the audit log"
                yield Violation(Rule.WHOLE, f"device code {one}: {told}, expected {expected}")

    def _spent_codes(self) -> Iterator[Violation]:
        spent = Counter(map(_whose, (it for it in self._stored.codes if it.status == "redeemed")))
        tokens = Counter(map(_whose, filter(_is_of_a_device, self._stored.tokens)))
        for one in spent.keys() | tokens.keys():
            if tokens[one] > spent[one]:
                yield Violation(Rule.ONCE, f"{one}: {spent[one]} codes gave {tokens[one]} tokens")
            elif tokens[one] < spent[one]:
                yield Violation(Rule.WHOLE, f"{one}: {spent[one]} codes gave {tokens[one]} tokens")

    def _counted(self, *kinds: Event) -> Counter[tuple[str, str]]:
        counted: Counter[tuple[str, str]] = Counter()
        for (tenant_id, kind, resource_id), count in self._events.items():
            if kind in kinds:
                counted[tenant_id, resource_id] += count
        return counted


def _may_be_done_by_another(call: Call, calls: Sequence[Call]) -> bool:
    return any(
        it is not call and it.began < call.ended and (it.status == 200 or it.may_have_been_done)
        for it in calls
    )


def _whose(row: StoredCode | StoredToken) -> tuple[str, str]:
    return row.tenant_id, row.client_id


def _is_of_a_device(token: StoredToken) -> bool:
    return token.grant_type.endswith(":device_code")
