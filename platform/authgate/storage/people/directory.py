"""The tenant's own people as another directory knows them, which provisions them here (RFC 7643).

Operators who are or were guests are none of them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple, Self
from uuid import UUID

from tortoise import Tortoise
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q, Subquery
from tortoise.models import Model
from tortoise.queryset import QuerySet

from authgate.permissions import UserRole
from authgate.storage import database
from authgate.storage.audit import exports
from authgate.storage.issued import mass_ending
from authgate.storage.people import users
from authgate.storage.people.group_members import GroupMemberRow
from authgate.storage.people.listings import Listing
from authgate.storage.people.usernames import LONGEST_NAME, canonical
from authgate.storage.people.users import (
    LONGEST_EMAIL,
    LONGEST_EXTERNAL_ID,
    UsernameTaken,
    UserRow,
)
from authgate.storage.selections import Attribute, Flag, Id, Moment, Text, Word
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sign_in.sessions import Session
from authgate.vocabulary import UserStatus

_HAS_ADDRESS = Q(canonical_email__isnull=False)
_ADDRESS = Text("canonical_email", LONGEST_EMAIL, unique=True, canonical=True, nullable=True)
_NAME = Text("name", LONGEST_NAME)


def _of_group(group_id: UUID) -> Q:
    return Q(id__in=Subquery(GroupMemberRow.filter(group_id=group_id).values("user_id")))


_GROUPS = Id(_of_group, own=False)

ATTRIBUTES: Mapping[str, Attribute] = {
    "id": Id(lambda wanted: Q(id=wanted)),
    "username": Text("canonical_username", LONGEST_NAME, unique=True, canonical=True),
    "externalid": Text("external_id", LONGEST_EXTERNAL_ID, unique=True, exact=True, nullable=True),
    "emails": _ADDRESS,
    "emails.value": _ADDRESS,
    "emails.type": Word("work", _HAS_ADDRESS),
    "emails.primary": Word(True, _HAS_ADDRESS),
    "displayname": _NAME,
    "name.formatted": _NAME,
    "name.givenname": Text("given_name", LONGEST_NAME),
    "name.familyname": Text("family_name", LONGEST_NAME),
    "active": Flag(Q(status=UserStatus.ACTIVE), Q(status=UserStatus.DISABLED)),
    "groups": _GROUPS,
    "groups.value": _GROUPS,
    "meta.created": Moment("created_at"),
    "meta.lastmodified": Moment("updated_at"),
}
"""What people are looked for by, under the names that SCIM has for it, in lower case."""


class Profile(NamedTuple):
    """What another directory says of a person."""

    username: str
    external_id: str | None = None
    """By what that directory knows them."""
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str | None = None
    active: bool = True


class Entry(NamedTuple):
    """A person as that directory is told of them."""

    id: UUID
    username: str
    external_id: str | None
    name: str
    given_name: str
    family_name: str
    email: str | None
    email_verified: bool
    status: UserStatus
    role: UserRole
    created_at: datetime
    updated_at: datetime

    @property
    def profile(self) -> Profile:
        """What the directory may say of them."""
        return Profile(
            self.username,
            self.external_id,
            self.name,
            self.given_name,
            self.family_name,
            self.email,
            self.status is UserStatus.ACTIVE,
        )

    @classmethod
    def from_row(cls, row: UserRow) -> Self:
        """The value of a stored row."""
        return cls(*[getattr(row, name) for name in cls._fields])


PEOPLE = Listing(users.own, Entry.from_row)
"""All of them, as they are listed."""


async def find(user_id: UUID) -> Entry | None:
    """The person with this id, as they are in the open unit of work."""
    row = await users.own().get_or_none(id=user_id)
    return Entry.from_row(row) if row else None


async def find_named(username: str) -> Entry | None:
    """The person of this username, in whatever spelling. Raises ``BadUsername``."""
    wanted = canonical(username)
    # The ORM raises for a value that is longer than its column.
    if len(wanted) > LONGEST_NAME:
        return None
    row = await users.own().get_or_none(canonical_username=wanted)
    return Entry.from_row(row) if row else None


async def ids_named(names: Collection[str]) -> list[UUID]:
    """The ids of those whose usernames these are, in the one spelling."""
    rows = users.own().filter(canonical_username__in=list(names))
    return [row.id for row in await rows.only("id")]


async def create(profile: Profile, *, email_verified: bool) -> UUID:
    """Store a person without a password. Raises ``BadUsername``, ``UsernameTaken`` and
    ``QuotaReached``."""
    await _refuse_taken(profile, None)
    made = await users.create(
        username=profile.username,
        email=profile.email,
        email_verified=email_verified and profile.email is not None,
        name=profile.name,
    )
    await _update(made.id, profile)
    return made.id


async def change(user_id: UUID, profile: Profile, *, email_verified: bool, now: datetime) -> None:
    """Have a person be so, whatever their standing. Raises ``BadUsername`` and
    ``UsernameTaken``."""
    await _refuse_taken(profile, user_id)
    await _update(
        user_id,
        profile,
        username=profile.username.strip(),
        canonical_username=canonical(profile.username),
        email=profile.email,
        canonical_email=canonical(profile.email) if profile.email else None,
        email_verified=email_verified and profile.email is not None,
        name=profile.name,
        updated_at=now,
    )


async def _update(user_id: UUID, profile: Profile, **besides: object) -> None:
    own = {
        "external_id": profile.external_id,
        "given_name": profile.given_name,
        "family_name": profile.family_name,
    }
    try:
        await UserRow.filter(id=user_id).update(**own, **besides)
    except IntegrityError as error:
        raise UsernameTaken(profile.username) from error


async def _refuse_taken(profile: Profile, user_id: UUID | None) -> None:
    """Nobody is called like the address of somebody else, whose sign-in they would stand in the
    way of. Raises ``UsernameTaken`` and ``BadUsername``."""
    names = [canonical(each) for each in (profile.username, profile.email) if each]
    # The ORM raises for a value that is longer than its column.
    called = [each for each in names if len(each) <= LONGEST_NAME]
    reached = [each for each in names if len(each) <= LONGEST_EMAIL]
    taken = Q(canonical_username__in=called) | Q(canonical_email__in=reached)
    if profile.external_id is not None:
        taken |= Q(external_id=profile.external_id)
    others = UserRow.filter(taken)
    if await (others.exclude(id=user_id) if user_id else others).exists():
        raise UsernameTaken(profile.username)


async def give_first_password(user_id: UUID, password_hash: str) -> None:
    """Let a person sign in by a password, whose address is known to be theirs by now."""
    theirs = UserRow.filter(id=user_id, password_hash=None)
    await theirs.update(password_hash=password_hash, email_verified=True)


async def remove(user_id: UUID) -> dict[str, int]:
    """Remove a person for good, with all that is theirs; how many rows, by table, and none of
    ``users`` where there is no such person.

    What they have done stays in the audit log and what was measured of them stays measured. An
    application of theirs stays theirs: it never becomes one that the tenant vouches for.
    """
    sessions = Subquery(Session.filter(user_id=user_id).values("id"))
    at_clients = await SessionClient.filter(session_id__in=sessions).delete()
    removed = {"session_clients": at_clients, "audit_exports": await exports.forget(user_id)}
    for table, rows in _belongings(user_id).items():
        removed[table] = await mass_ending.in_full(partial(mass_ending.delete, rows))
    removed["users"] = await UserRow.filter(id=user_id).delete()
    return {table: rows for table, rows in removed.items() if rows}


_STAYS = frozenset({"active_users", "invitations", "person_erasures"})
"""Tables that name people, and whose rows end by themselves or tell that somebody is gone."""


def _belongings(user_id: UUID) -> Mapping[str, QuerySet[Model]]:
    models: dict[str, type[Model]] = Tortoise.apps[database.APP_LABEL]
    return {
        model._meta.db_table: model.filter(user_id=user_id)  # noqa: SLF001  # Tortoise offers no other way
        for model in models.values()
        if "user_id" in model._meta.fields_map and model._meta.db_table not in _STAYS  # noqa: SLF001
    }
