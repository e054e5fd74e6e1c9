"""``/users``: people who are brought in, changed, given a password and removed."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from authgate import storage
from authgate.accounts.passwords import BadPassword
from authgate.admin import people
from authgate.admin.people import UserDocument
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation, told
from authgate.api.problems import (
    BeyondOwnRole,
    Changed,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    QuotaReached,
    RecentSignInRequired,
)
from authgate.mail_addresses import LONGEST_TO_SIGN_IN
from authgate.permissions import UserRole
from authgate.provisioning import people as provisioned
from authgate.provisioning import provisioned_users, random_password
from authgate.provisioning.people import UnfitAddress
from authgate.storage.people import users
from authgate.storage.people.directory import Profile
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername
from authgate.storage.people.users import UsernameTaken
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant

_LONGEST_PASSWORD = 1024
_Line = Annotated[str, Field(max_length=LONGEST_NAME, pattern=r"^[^\u0000-\u001f\u007f]*$")]
_Password = Annotated[str, Field(min_length=1, max_length=_LONGEST_PASSWORD)]


class UserSettings(Document):
    """What is said of a person."""

    username: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    name: _Line = ""
    email: Annotated[str, Field(min_length=1, max_length=LONGEST_TO_SIGN_IN)] | None = None
    email_verified: bool = False
    """Whether the address is known to be theirs. Where another address is set and this is not said,
    it is not."""


class UserCreation(UserSettings):
    """A person to be."""

    model_config = exemplified(
        username="jon", name="Jon Dahl", email="jon@northwind.example", make_password=True
    )

    role: UserRole = UserRole.USER
    """Any other asks for `authgate:roles:write` as well."""

    password: _Password | None = None
    make_password: bool = False
    """Whether one is made up, and told this once. Without either they sign in otherwise."""


class NewUserDocument(UserDocument):
    """A person who is new."""

    model_config = exemplified(
        **people.MIRA,
        password="ahpkb-2cqmz-tvw7e-xr4nd-59sgy",
    )

    password: str | None
    """The one that was made up, told this once; only a hash is kept."""


class PasswordReset(Document):
    """Another password for a person."""

    model_config = exemplified(password=None)

    password: _Password | None = None
    """`null` for one that is made up."""

    first: bool = False
    """Whether it is meant for somebody who has none: they would have a second way in."""


class ResetPassword(Document):
    """A person's password as it was made up."""

    model_config = exemplified(password="ahpkb-2cqmz-tvw7e-xr4nd-59sgy")

    password: str | None
    """Told this once; `null` where it was given."""


class SignedOut(Document):
    """What signing a person out came to."""

    model_config = exemplified(sessions=2)

    sessions: int
    """In how many browsers they were signed in."""


async def create_user(call: Call[Nothing, UserCreation]) -> Answer[NewUserDocument]:
    """Bring a person in. Any role but that of a user asks a person for a recent sign-in."""
    said, caller = call.body, call.caller
    if said.role is not UserRole.USER:
        caller.require(Scope.ROLES_WRITE)
        caller.require_recent_sign_in(call.parts.clock())
    if said.password is not None and said.make_password:
        raise Invalid(faults=[Fault("It is given or made up, not both.", pointer="/password")])
    made_up = random_password() if said.make_password else None
    about = (said.username, said.email or "", said.name)
    hashed = await _hashed(call, said.password or made_up, about)
    with worded(), people.worded():
        user = await provisioned.add_person(
            _profile(said),
            email_verified=said.email_verified,
            role=said.role,
            password_hash=hashed,
            by=caller.authority,
        )
    place = f"{current_tenant().issuer}{BASE}/users/{user.id}"
    document = NewUserDocument(**told(user, UserDocument).model_dump(), password=made_up)
    return Answer(document, ((b"location", place.encode("ascii")),))


async def change_user(call: Call[Nothing, MergePatch[UserSettings]]) -> Answer[UserDocument]:
    """Change what is said of a person.

    Another address is not verified, unless that is said. Nobody changes themselves here, or
    somebody who may more than they may.
    """
    user_id, by = call.uuid("user_id"), call.caller.authority
    async with storage.transaction():
        entry = await provisioned_users.held(user_id, by=by)
        held = await users.held(user_id)
        if entry is None or held is None:
            raise NotFound
        call.refuse_if_changed(people.document(held))
        after = call.body.applied(told(held, UserSettings))
        is_said = "email_verified" in call.body.members
        verified = after.email_verified and (is_said or after.email == held.email)
        profile = entry.profile._replace(
            username=after.username, name=after.name, email=after.email
        )
        with worded(), people.worded():
            await provisioned.change_person(
                entry, profile, email_verified=verified, by=by, now=call.parts.clock()
            )
        return await people.as_it_is(user_id)


async def delete_user(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a person for good, with all that acts in their name.

    Nobody removes themselves, somebody who may more than they may, or the last owner. It asks a
    person for a recent sign-in.
    """
    user_id, now = call.uuid("user_id"), call.parts.clock()
    by = call.caller.authority
    async with storage.transaction():
        # The same as are held to remove somebody, and at once: so nobody waits for each other.
        held = await users.hold_in_charge(*filter(None, (user_id, by.user_id)))
        if user_id not in held:
            raise NotFound
        call.caller.require_recent_sign_in(now)
        call.refuse_if_changed(people.document(held[user_id]), required=False)
        with people.worded():
            await provisioned.remove_person(user_id, by=by, now=now)
    return Answer(None)


async def reset_user_password(call: Call[Nothing, PasswordReset]) -> Answer[ResetPassword]:
    """Give a person another password, and sign them out everywhere.

    Nobody resets their own, or that of somebody who may more than they may. It asks a person for a
    recent sign-in.
    """
    user, said, now = await people.found(call), call.body, call.parts.clock()
    call.caller.require_recent_sign_in(now)
    made_up = None if said.password else random_password()
    hashed = await _hashed(call, said.password or made_up, user.called) or ""
    with people.worded():
        await provisioned.give_password(
            user.id, hashed, first=said.first, by=call.caller.authority, now=now
        )
    return Answer(ResetPassword(password=made_up))


async def sign_out_user(call: Call[Nothing, Nothing]) -> Answer[SignedOut]:
    """Sign a person out everywhere, applications and devices included."""
    user, now = await people.found(call), call.parts.clock()
    with people.worded():
        ended = await provisioned.sign_out_person(user.id, by=call.caller.authority, now=now)
    return Answer(SignedOut(sessions=ended))


async def _hashed(
    call: Call[Nothing, Any], password: str | None, about: Collection[str]
) -> str | None:
    if password is None:
        return None
    try:
        async with storage.set_aside():
            return await call.hash_password(password, about=about)
    except BadPassword as error:
        raise Invalid(faults=[Fault(str(error), pointer="/password")]) from error


def _profile(said: UserSettings) -> Profile:
    return Profile(said.username, name=said.name, email=said.email)


@contextmanager
def worded() -> Iterator[None]:
    """Say which of what was said of a person cannot be."""
    try:
        yield
    except BadUsername as error:
        raise Invalid(faults=[Fault(str(error), pointer="/username")]) from error
    except UnfitAddress as error:
        raise Invalid(faults=[Fault(str(error), pointer="/email")]) from error
    except UsernameTaken as error:
        raise Conflict("Somebody has this username or address.") from error


_WRITE = Scope.USERS_WRITE
_ONE = "/users/{user_id}"

_LIST, _READ, *_REST = people.OPERATIONS

OPERATIONS = [
    _LIST,
    operation(
        HTTPMethod.POST,
        "/users",
        create_user,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[RecentSignInRequired, Conflict, BeyondOwnRole, QuotaReached],
    ),
    _READ,
    operation(HTTPMethod.PATCH, _ONE, change_user, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_user,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[RecentSignInRequired, Conflict, Changed],
    ),
    *_REST,
    operation(
        HTTPMethod.POST,
        f"{_ONE}/reset-password",
        reset_user_password,
        scope=_WRITE,
        problems=[RecentSignInRequired, Conflict],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/sign-out", sign_out_user, scope=_WRITE),
]
"""All of ``/users``, each path with what can be done there."""
