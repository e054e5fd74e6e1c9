"""Who an assertion is about: its subject and its attributes.

Attributes go by other names at each provider. Where none is chosen, the usual ones are looked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from authgate.plugin_api import ExternalIdentity
from authgate_saml.markup import Element, attribute, children, text_of
from authgate_saml.moments import moment_of
from authgate_saml.refusals import Unfit

_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
TRANSIENT = f"{_FORMAT}transient"
PERSISTENT = f"{_FORMAT}persistent"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/"
# What Entra ID and AD FS, LDAP's attributes by their OIDs, and the others call them.
_EMAILS = (f"{_SOAP}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "mail", "email")
_USERNAMES = (
    f"{_SOAP}name", "urn:oid:0.9.2342.19200300.100.1.1", "uid", "username", "login",
)  # fmt: skip
_NAMES = (
    f"{_MICROSOFT}identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241",
    "displayName", "urn:oid:2.5.4.3", "cn", "name",
)  # fmt: skip
_GROUPS = (
    f"{_MICROSOFT}ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/Group",
    "groups", "memberOf", "member",
)  # fmt: skip
_GIVEN = (f"{_SOAP}givenname", "urn:oid:2.5.4.42", "givenName", "firstName", "first_name")
_FAMILY = (f"{_SOAP}surname", "urn:oid:2.5.4.4", "sn", "surname", "lastName", "last_name")

_LONGEST = 255
_MOST_GROUPS = 1000
_MOST_SAID = 50
_LONGEST_SAID = 1024

Attributes = Mapping[str, tuple[str, ...]]


class UnfitPerson(Unfit):
    """Nobody who can be known again. The text is told to administrators."""

    about = "the assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The attributes that an administrator has chosen; empty for the usual ones."""

    subject: str = ""
    username: str = ""
    email: str = ""
    name: str = ""
    groups: str = ""


def identity_of(
    assertion: Element, *, issuer: str, chosen: Chosen, trusted_domains: Collection[str]
) -> ExternalIdentity:
    """The person, whom the provider with this entity ID tells of. Raises ``UnfitPerson``."""
    attributes = _attributes(assertion)
    text, kind = _name_id(assertion)
    email = _first(attributes, chosen.email, _EMAILS)
    if not email and not chosen.email and kind == EMAIL:
        email = text
    return ExternalIdentity(
        issuer=_issuer(issuer, chosen.subject, kind),
        subject=_subject(attributes, chosen.subject, text, kind),
        username=_first(attributes, chosen.username, _USERNAMES),
        email=email,
        email_verified=_domain(email) in trusted_domains,
        name=_first(attributes, chosen.name, _NAMES) or _full_name(attributes),
        groups=_groups(attributes, chosen.groups),
        authenticated_at=_signed_in_at(assertion),
        said=_said(attributes, text, kind),
    )


def _signed_in_at(assertion: Element) -> datetime:
    statements = children(assertion, "saml:AuthnStatement")
    return max(moment_of(attribute(each, "AuthnInstant")) for each in statements)


def _attributes(assertion: Element) -> Attributes:
    found: dict[str, tuple[str, ...]] = {}
    for statement in children(assertion, "saml:AttributeStatement"):
        for each in children(statement, "saml:Attribute"):
            values = [text_of(value) for value in children(each, "saml:AttributeValue")]
            name = attribute(each, "Name")
            found[name] = (*found.get(name, ()), *(value for value in values if value))
    return found


def _name_id(assertion: Element) -> tuple[str, str]:
    """The subject's name and its format."""
    [subject] = children(assertion, "saml:Subject")
    names = children(subject, "saml:NameID")
    if len(names) != 1:
        return "", ""
    # Without one it is unspecified (Core section 2.2.2).
    return text_of(names[0]), attribute(names[0], "Format") or UNSPECIFIED


def _subject(attributes: Attributes, chosen: str, name: str, kind: str) -> str:
    if chosen:
        values = attributes.get(chosen, ())
        if len(values) != 1:
            raise UnfitPerson("does not have one value of the attribute that tells people apart")
        [name] = values
    elif kind == TRANSIENT:
        raise UnfitPerson("names people by another name each time (transient)")
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise UnfitPerson("names nobody by at most 255 characters")
    return name


def _issuer(entity_id: str, chosen: str, kind: str) -> str:
    # What makes a subject mean one person: who told it, and as what. The format of a NameID is
    # asked for in a request that is not signed; and another attribute is another's to fill in.
    told_as = chosen or (kind != PERSISTENT and f"NameID:{kind.rpartition(':')[2]}")
    issuer = f"{entity_id}#{told_as}" if told_as else entity_id
    if len(issuer) > _LONGEST or not issuer.isprintable():
        raise UnfitPerson("is of a provider with too long a name")
    return issuer


def _first(attributes: Attributes, chosen: str, usual: Collection[str]) -> str:
    for each in (chosen,) if chosen else usual:
        if attributes.get(each):
            return attributes[each][0]
    return ""


def _full_name(attributes: Attributes) -> str:
    parts = (_first(attributes, "", each) for each in (_GIVEN, _FAMILY))
    return " ".join(each for each in parts if each)


def _groups(attributes: Attributes, chosen: str) -> tuple[str, ...] | None:
    for each in (chosen,) if chosen else _GROUPS:
        if each in attributes:
            fit = [it for it in attributes[each] if len(it) <= _LONGEST and it.isprintable()]
            # Of more than can be told none is: that takes nobody out of one.
            return tuple(fit) if len(fit) <= _MOST_GROUPS else None
    return None


def _domain(email: str) -> str:
    name, at, domain = email.rpartition("@")
    return domain.lower() if name and at and "@" not in name else ""


def _said(attributes: Attributes, name: str, kind: str) -> dict[str, str]:
    said = {"NameID": name, "NameID Format": kind}
    said |= {each: ", ".join(values) for each, values in attributes.items()}
    fit = {
        each: value[:_LONGEST_SAID]
        for each, value in said.items()
        if len(each) <= _LONGEST_SAID and each.isprintable() and value.isprintable()
    }
    return dict(list(fit.items())[:_MOST_SAID])
