"""What alerts are called where people read of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from authgate.alerts.rules import Rule
from authgate.languages import Text, text
from authgate.storage.audit.alerts import Alert
from authgate.storage.people import users
from authgate.web import row_ids

TITLES: Final[Mapping[Rule, Text]] = {
    Rule.FAILED_SIGN_INS_ACCOUNT: text("Many failed sign-ins to an account"),
    Rule.FAILED_SIGN_INS_ADDRESS: text("Many failed sign-ins from an address"),
    Rule.FAILED_SIGN_INS: text("Many failed sign-ins in all"),
    Rule.IMPOSSIBLE_TRAVEL: text("Signed in at two places that are too far apart"),
    Rule.TOKEN_IN_TWO_COUNTRIES: text("A sign-in is used in two countries"),
    Rule.TOKEN_REUSED: text("A used code or refresh token came back"),
    Rule.NEW_ADMINISTRATOR: text("Somebody became administrator or owner"),
    Rule.SIGNING_KEY_REVOKED: text("A signing key was revoked"),
    Rule.LIMIT_REACHED: text("A limit refuses again and again"),
    Rule.QUOTA_REACHED: text("The plan's people are used up"),
    Rule.EXPORT_TAKEN: text("Somebody took a file of the tenant or its log along"),
    Rule.AUDIT_LOG_BROKEN: text("The audit log was changed or cut off"),
    Rule.AUDIT_LOG_UNSEALED: text("The audit log is not being sealed"),
}


async def names(alerts: Sequence[Alert]) -> Mapping[str, str]:
    """By the id, the user names of the people whom alerts are about."""
    named = [row_ids.find(each.subject_id) for each in alerts if each.subject_type == "user"]
    people = {each for each in named if each is not None}
    found = await users.usernames_of(people) if people else {}
    return {str(user_id): name for user_id, name in found.items()}


def line(alert: Alert, known: Mapping[str, str]) -> tuple[Text, str]:
    """What it is, and whom it is about."""
    subject = known.get(alert.subject_id, alert.subject_id)
    return TITLES[Rule(alert.rule)], "" if alert.subject_type == "tenant" else subject
