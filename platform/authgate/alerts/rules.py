"""The rules that there are, and what a tenant has chosen of them.

Each is on from the beginning. A tenant writes down only what it wants otherwise, as the setting
``alert_rules``: by the rule's name ``off``, or how many within how long, as ``20/10min``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from authgate.languages import text
from authgate.vocabulary import Severity
from authgate_tenants import TenantSettings

OFF: Final = "off"
LONGEST: Final = timedelta(days=1)
MOST: Final = 10_000

_CHOICE = re.compile(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})(min|h)")
_UNITS: Mapping[str, timedelta] = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}


class Rule(StrEnum):
    """What is looked for."""

    FAILED_SIGN_INS_ACCOUNT = "failed-sign-ins-account"
    FAILED_SIGN_INS_ADDRESS = "failed-sign-ins-address"
    FAILED_SIGN_INS = "failed-sign-ins"
    IMPOSSIBLE_TRAVEL = "impossible-travel"
    TOKEN_IN_TWO_COUNTRIES = "token-in-two-countries"
    TOKEN_REUSED = "token-reused"
    NEW_ADMINISTRATOR = "new-administrator"
    SIGNING_KEY_REVOKED = "signing-key-revoked"
    LIMIT_REACHED = "limit-reached"
    QUOTA_REACHED = "quota-reached"
    EXPORT_TAKEN = "export-taken"
    AUDIT_LOG_BROKEN = "audit-log-broken"
    AUDIT_LOG_UNSEALED = "audit-log-unsealed"


class BadRule(ValueError):
    """A rule that there is not, or that cannot be so. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """How a rule looks, and how loud it is."""

    threshold: int
    """So many within the window raise it; of a journey, kilometres an hour."""
    window: timedelta
    """What is counted together, and for how long the same is not told again."""
    severity: Severity = Severity.WARNING
    is_on: bool = True

    def __str__(self) -> str:
        """As a tenant writes it."""
        if not self.is_on:
            return OFF
        minutes = int(self.window.total_seconds()) // 60
        said = f"{minutes}min" if minutes % 60 else f"{minutes // 60}h"
        return f"{self.threshold}/{said}"


_MINUTES, _HOUR, _DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)

DEFAULTS: Mapping[Rule, Chosen] = {
    Rule.FAILED_SIGN_INS_ACCOUNT: Chosen(threshold=10, window=_MINUTES),
    Rule.FAILED_SIGN_INS_ADDRESS: Chosen(threshold=30, window=_MINUTES),
    Rule.FAILED_SIGN_INS: Chosen(threshold=200, window=_MINUTES, severity=Severity.CRITICAL),
    # An airliner flies at 900 kilometres an hour.
    Rule.IMPOSSIBLE_TRAVEL: Chosen(threshold=900, window=_DAY),
    Rule.TOKEN_IN_TWO_COUNTRIES: Chosen(threshold=2, window=_HOUR, severity=Severity.CRITICAL),
    Rule.TOKEN_REUSED: Chosen(threshold=1, window=_HOUR, severity=Severity.CRITICAL),
    Rule.NEW_ADMINISTRATOR: Chosen(threshold=1, window=_HOUR),
    Rule.SIGNING_KEY_REVOKED: Chosen(threshold=1, window=_HOUR, severity=Severity.CRITICAL),
    # Of each limit and subject there is one event a minute.
    Rule.LIMIT_REACHED: Chosen(threshold=20, window=_HOUR),
    Rule.QUOTA_REACHED: Chosen(threshold=1, window=_DAY),
    Rule.EXPORT_TAKEN: Chosen(threshold=1, window=_HOUR),
    Rule.AUDIT_LOG_BROKEN: Chosen(threshold=1, window=_HOUR, severity=Severity.CRITICAL),
    # One event that waits for so long.
    Rule.AUDIT_LOG_UNSEALED: Chosen(threshold=1, window=_MINUTES, severity=Severity.CRITICAL),
}
"""What each is where nobody chooses."""

COUNTED = frozenset(
    {
        Rule.FAILED_SIGN_INS_ACCOUNT,
        Rule.FAILED_SIGN_INS_ADDRESS,
        Rule.FAILED_SIGN_INS,
        Rule.LIMIT_REACHED,
        Rule.EXPORT_TAKEN,
    }
)
"""Those of which a tenant chooses how many they are; of ``impossible-travel`` it is how fast."""


def chosen(settings: TenantSettings) -> Mapping[Rule, Chosen]:
    """Every rule, as it is at a tenant. What is stored and makes no sense is as nobody chose it."""
    found = dict(DEFAULTS)
    for name, said in settings.alert_rules.items():
        try:
            found[Rule(name)] = read(name, said)
        except ValueError:
            continue
    return found


def check(name: str, said: str) -> None:
    """Raises ``BadRule`` for a rule that there is not, or that cannot be so."""
    read(name, said)


def read(name: str, said: str) -> Chosen:
    """What a tenant has written of a rule. Raises ``BadRule``."""
    if name not in set(Rule):
        raise BadRule(text("There is no such rule. There are: %(rules)s.", rules=", ".join(Rule)))
    rule = Rule(name)
    if said == OFF:
        return replace(DEFAULTS[rule], is_on=False)
    found = _CHOICE.fullmatch(said)
    if found is None:
        raise BadRule(text("Write off, or how many within how long: 20/10min, 5/1h."))
    threshold, window = int(found[1]), int(found[2]) * _UNITS[found[3]]
    if threshold > MOST or window > LONGEST:
        raise BadRule(text("At most %(most)s, within 24 hours.", most=MOST))
    may_count = rule in COUNTED or rule is Rule.IMPOSSIBLE_TRAVEL
    if not may_count and threshold != DEFAULTS[rule].threshold:
        raise BadRule(text("Of this rule only the time can be chosen."))
    return replace(DEFAULTS[rule], threshold=threshold, window=window)
