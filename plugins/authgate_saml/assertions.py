"""Whether a signed assertion is made for this sign-in, here and now (SAML 2.0 Profiles 4.1.4.3)."""

from dataclasses import dataclass
from datetime import datetime

from authgate_saml.markup import Element, attribute, children, name_of, text_of
from authgate_saml.moments import SKEW, moment_of
from authgate_saml.refusals import Unfit

_VERSION = "2.0"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_KNOWN_CONDITIONS = frozenset(
    map(name_of, ("saml:AudienceRestriction", "saml:OneTimeUse", "saml:ProxyRestriction"))
)


class UnfitAssertion(Unfit):
    """It is not for this sign-in. The text is told to administrators."""

    about = "the assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What this sign-in is."""

    issuer: str
    """Entity ID of the provider."""
    audience: str
    """Entity ID of this server there."""
    recipient: str
    """Where the answer has to be sent."""
    request_id: str
    now: datetime


def check(assertion: Element, expected: Expected) -> None:
    """Raises ``UnfitAssertion``."""
    if assertion.get("Version") != _VERSION or not assertion.get("ID"):
        raise UnfitAssertion("is no assertion of SAML 2.0")
    issuers = [text_of(each) for each in children(assertion, "saml:Issuer")]
    if issuers != [expected.issuer]:
        raise UnfitAssertion("is of another issuer")
    if _time(assertion, "IssueInstant") - SKEW > expected.now:
        raise UnfitAssertion("is made in the future")
    _check_conditions(assertion, expected)
    _check_subject(assertion, expected)
    _check_sign_in(assertion, expected)


def _check_conditions(assertion: Element, expected: Expected) -> None:
    conditions = children(assertion, "saml:Conditions")
    if len(conditions) != 1:
        raise UnfitAssertion("does not say once for what it holds")
    [of_all] = conditions
    _check_times(of_all, expected.now)
    if any(each.tag not in _KNOWN_CONDITIONS for each in of_all):
        raise UnfitAssertion("has a condition that is not known")
    restrictions = children(of_all, "saml:AudienceRestriction")
    # Each of several has to hold (Core section 2.5.1.4).
    if not restrictions or not all(_names(each, expected.audience) for each in restrictions):
        raise UnfitAssertion("is for another audience")


def _names(restriction: Element, audience: str) -> bool:
    return audience in [text_of(each) for each in children(restriction, "saml:Audience")]


def _check_subject(assertion: Element, expected: Expected) -> None:
    subjects = children(assertion, "saml:Subject")
    if len(subjects) != 1:
        raise UnfitAssertion("is not about one person")
    faults = [
        _fault(each, expected)
        for each in children(subjects[0], "saml:SubjectConfirmation")
        if each.get("Method") == _BEARER
    ]
    if not faults:
        raise UnfitAssertion("is not for whoever brings it")
    if all(faults):
        raise UnfitAssertion(faults[0])


def _fault(confirmation: Element, expected: Expected) -> str:
    data = children(confirmation, "saml:SubjectConfirmationData")
    if len(data) != 1:
        return "does not say what it answers"
    if data[0].get("InResponseTo") != expected.request_id:
        return "answers another request, or none"
    if data[0].get("Recipient") != expected.recipient:
        return "is for another recipient"
    if data[0].get("NotOnOrAfter") is None:
        return "does not say when it ends"
    try:
        _check_times(data[0], expected.now)
    except UnfitAssertion as error:
        return str(error.args[0])
    return ""


def _check_sign_in(assertion: Element, expected: Expected) -> None:
    statements = children(assertion, "saml:AuthnStatement")
    if not statements:
        raise UnfitAssertion("does not say that anybody signed in")
    for each in statements:
        if _time(each, "AuthnInstant") - SKEW > expected.now:
            raise UnfitAssertion("tells of a sign-in in the future")
        ends = each.get("SessionNotOnOrAfter")
        if ends is not None and _moment(ends) + SKEW <= expected.now:
            raise UnfitAssertion("tells of a session that has ended")


def _check_times(element: Element, now: datetime) -> None:
    begins, ends = element.get("NotBefore"), element.get("NotOnOrAfter")
    if begins is not None and _moment(begins) - SKEW > now:
        raise UnfitAssertion("is not valid yet")
    if ends is not None and _moment(ends) + SKEW <= now:
        raise UnfitAssertion("has ended")


def _time(element: Element, name: str) -> datetime:
    return _moment(attribute(element, name))


def _moment(text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError as error:
        raise UnfitAssertion("has a time that is none") from error
