"""People as SCIM tells them, and as it is told of them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from scim2_models import Context, Meta, Reference, Resource

from authgate import mail_addresses
from authgate.scim.errors import invalid_value
from authgate.scim.places import url
from authgate.scim.resources import Email, Membership, Name, User
from authgate.storage.people.directory import Entry, Profile
from authgate.storage.people.groups import Group
from authgate.storage.people.usernames import LONGEST_NAME
from authgate.storage.people.users import LONGEST_EXTERNAL_ID
from authgate.vocabulary import UserStatus


def resource(entry: Entry, groups: Sequence[Group] = ()) -> User:
    """A person, and which state of them this is (RFC 7644 section 3.14); that they belong to other
    groups than before is no other state."""
    parts = {"given_name": entry.given_name, "family_name": entry.family_name}
    named = {key: value for key, value in (parts | {"formatted": entry.name}).items() if value}
    address = entry.email and Email(value=entry.email, type=Email.Type.work, primary=True)
    meta = Meta(
        resource_type="User",
        created=entry.created_at,
        last_modified=entry.updated_at,
        location=url("Users", str(entry.id)),
    )
    found = User(
        id=str(entry.id),
        external_id=entry.external_id,
        user_name=entry.username,
        name=Name(**named) if named else None,
        display_name=entry.name or None,
        active=entry.status is UserStatus.ACTIVE,
        emails=[address] if address else None,
        meta=meta,
    )
    meta.version = tag(found)
    found.groups = [_membership(each) for each in groups] or None
    return found


def _membership(group: Group) -> Membership:
    place = url("Groups", str(group.id))
    return Membership(
        value=str(group.id), ref=Reference(place), display=group.display_name, type="direct"
    )


def profile(said: User, *, active: bool = True) -> Profile:
    """What is said of a person, all of it; ``active`` where that is not said. Raises
    ``ScimError``."""
    return _profile(said, said.display_name or _whole(said) or _joined(said), active)


def profile_after(said: User, before: User) -> Profile:
    """The same of a person some of whom was changed. A display name that was made of the parts of
    the name follows them, until somebody says one."""
    called = said.display_name
    if called == before.display_name:
        if _whole(said) != _whole(before):
            called = _whole(said)
        elif called == _joined(before):
            called = _joined(said)
    return _profile(said, called or _joined(said), before.active is True)


def _profile(said: User, called: str, active: bool) -> Profile:
    name = said.name or Name()
    return Profile(
        username=_short(said.user_name, "userName", LONGEST_NAME, required=True),
        external_id=_short(said.external_id, "externalId", LONGEST_EXTERNAL_ID) or None,
        name=_short(called, "displayName", LONGEST_NAME),
        given_name=_short(name.given_name, "name.givenName", LONGEST_NAME),
        family_name=_short(name.family_name, "name.familyName", LONGEST_NAME),
        email=_address(said.emails or ()),
        active=active if said.active is None else said.active,
    )


def _whole(of: User) -> str:
    return (of.name and of.name.formatted) or ""


def _joined(of: User) -> str:
    name = of.name or Name()
    return " ".join(filter(None, (name.given_name, name.family_name)))


def _address(said: Sequence[Email]) -> str | None:
    """The one address that is kept: the primary one, or that for work, or the first."""
    known = [each for each in said if each.value]
    ranked = sorted(known, key=lambda each: (not each.primary, each.type != Email.Type.work))
    if not ranked:
        return None
    try:
        return mail_addresses.checked(ranked[0].value or "")
    except mail_addresses.BadAddress as error:
        raise invalid_value(f"emails: {error}") from error


def _short(text: str | None, attribute: str, longest: int, *, required: bool = False) -> str:
    found = (text or "").strip()
    if required and not found:
        raise invalid_value(f"{attribute} is required.")
    if len(found) > longest or not found.isprintable():
        raise invalid_value(f"{attribute} has at most {longest} characters, all of them printable.")
    return found


def tag(found: Resource[Any]) -> str:
    """The version of a resource."""
    told = found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    digest = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
    return f'W/"{digest}"'
