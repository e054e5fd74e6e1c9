"""What administrators do to people: bring them in, change what is said of them, give them a
password, and take them out.

Nobody does any of it to themselves or to somebody who may more, and guests of the installation do
none of it.
"""

from datetime import datetime
from uuid import UUID

from authgate import audit, mail_addresses, storage
from authgate.accounts import access, external_accounts
from authgate.audit import Event
from authgate.languages import text
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import provisioned_users, roles
from authgate.provisioning import users as accounts
from authgate.provisioning.roles import OPERATOR, Authority, BeyondOwnRole, Refused, UnknownUser
from authgate.provisioning.users import end_access
from authgate.storage.people import directory, usernames, users
from authgate.storage.people.directory import Entry, Profile
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities, sessions
from authgate.storage.sign_in.external_identities import LinkedIdentity
from authgate.vocabulary import UserStatus
from authgate_tenants import current_tenant

_ASKS = writes(Area.USERS)


class NoPassword(Refused):
    """A person who signs in otherwise would be given a password."""


class UnfitAddress(ValueError):
    """No address for mail that people sign in by. The text may be told."""


async def add_person(
    profile: Profile,
    *,
    email_verified: bool = False,
    role: UserRole = UserRole.USER,
    password_hash: str | None = None,
    by: Authority = OPERATOR,
) -> User:
    """A new person of the current tenant, who has perhaps a password, hashed before.

    An administrator whom an owner makes of a tenant that nobody owns owns it. Raises
    ``BeyondOwnRole``, ``BadUsername``, ``UnfitAddress``, ``UsernameTaken`` and ``QuotaReached``.
    """
    usernames.check(profile.username)
    _check_address(profile)
    async with storage.savepoint():
        asks = _ASKS if role is UserRole.USER else writes(Area.ROLES)
        await roles.refuse_inviter(by, role, asks=asks)
        if role is UserRole.ADMIN and by.role is UserRole.OWNER and not await users.has_owner():
            role = UserRole.OWNER
        user_id = await directory.create(profile, email_verified=email_verified)
        if role is not UserRole.USER:
            await users.set_role(user_id, role)
        if password_hash is not None:
            await users.set_password_hash(user_id, password_hash)
        if not profile.active:
            await users.set_status(user_id, UserStatus.DISABLED)
        await audit.record(
            Event.USER_CREATED,
            actor=by.actor,
            resource=("user", str(user_id)),
            details={"role": role, "is": profile._asdict()},
        )
        return await _found(user_id)


async def change_person(
    entry: Entry,
    profile: Profile,
    *,
    email_verified: bool,
    by: Authority = OPERATOR,
    now: datetime,
) -> None:
    """Have a person, whom ``provisioned_users.held`` holds, be so: not whether they are active.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole``, ``BadUsername``, ``UnfitAddress``
    and ``UsernameTaken``.
    """
    profile = profile._replace(active=entry.profile.active)
    verified = email_verified and profile.email is not None
    if profile == entry.profile and verified is entry.email_verified:
        return
    if profile.email != entry.email:
        _check_address(profile)
    async with storage.savepoint():
        await held(entry.id, by=by)
        await provisioned_users.rewrite(entry, profile, verified=verified, by=by, now=now)


async def remove_person(user_id: UUID, *, by: Authority = OPERATOR, now: datetime) -> None:
    """A person is gone for good, with all that acts in their name. Raises ``UnknownUser``,
    ``OwnAccount``, ``BeyondOwnRole`` and ``LastAdministrator``."""
    async with storage.transaction():
        await held(user_id, by=by)
        await provisioned_users.remove(user_id, by=by, now=now, asks=_ASKS)


async def give_password(
    user_id: UUID,
    hashed: str,
    *,
    first: bool = False,
    by: Authority = OPERATOR,
    now: datetime,
) -> User:
    """Give a person another password, hashed before, and sign them out everywhere.

    To who has none it is given only where ``first`` says that this is meant: they sign in
    otherwise, and would have a second way in. Raises ``UnknownUser``, ``OwnAccount``,
    ``BeyondOwnRole`` and ``NoPassword``.
    """
    if not current_tenant().settings.password_sign_in:
        raise NoPassword(text("Nobody signs in with a password here."))
    async with storage.transaction():
        user = await held(user_id, by=by)
        if user.password_hash is None and not first:
            raise NoPassword(text("They have no password, and sign in otherwise."))
        await accounts.give_password(user, hashed)
        await end_access(user, now)
        await audit.record(
            Event.USER_PASSWORD_RESET, actor=by.actor, resource=("user", str(user_id))
        )
    return user


async def sign_out_person(user_id: UUID, *, by: Authority = OPERATOR, now: datetime) -> int:
    """Sign a person out everywhere; they may sign in again at once. How many browsers that was.

    Raises ``UnknownUser`` and ``BeyondOwnRole``.
    """
    async with storage.transaction():
        there = await users.hold_in_charge(*filter(None, (user_id, by.user_id)))
        person = there.get(user_id)
        if person is None:
            raise UnknownUser(str(user_id))
        roles.refuse_beyond(roles.role_now(by, there), person.role, asks=_ASKS)
        ended = await end_access(person, now)
        await audit.record(
            Event.SESSION_REVOKED,
            actor=by.actor,
            resource=("user", str(user_id)),
            details={"sessions": ended},
        )
    return ended


async def end_session(
    session_id: UUID, person: User, *, by: Authority = OPERATOR, now: datetime
) -> bool:
    """Sign a person out of one browser, and end what lives no longer than that session; ``False``
    where it is not theirs or has ended already. Raises ``BeyondOwnRole``."""
    roles.refuse_beyond(by.role, person.role, asks=_ASKS)
    async with storage.transaction():
        if not await sessions.end(session_id, user_id=person.id, now=now):
            return False
        await access.end_of_session(session_id, now=now)
        await audit.record(
            Event.SESSION_REVOKED,
            actor=by.actor,
            resource=("session", str(session_id)),
            details={"sessions": 1, "user": person.subject},
        )
    return True


async def take_back(
    client_id: str, person: User, *, by: Authority = OPERATOR, now: datetime
) -> int:
    """End all that a client may do in a person's name: it has to be allowed anew. How many tokens
    ended."""
    async with storage.transaction():
        ended = await access.end_of_client(person.id, client_id, now=now)
        await audit.record(
            Event.USER_AUTHORIZATION_REVOKED,
            actor=by.actor,
            client_id=client_id,
            resource=("client", client_id),
            details={"ended": ended, "user": person.subject},
        )
    return ended


async def unlink_identity(
    identity_id: UUID, *, user_id: UUID, by: Authority = OPERATOR
) -> LinkedIdentity:
    """Have a person not be known by an identity at another provider any more.

    Raises ``UnknownUser``, also where that is not theirs, ``OwnAccount`` and ``BeyondOwnRole``.
    """
    async with storage.transaction():
        await held(user_id, by=by)
        theirs = await external_identities.of_user(user_id)
        gone = next((each for each in theirs if each.id == identity_id), None)
        if gone is None or not await external_identities.unlink(identity_id, user_id=user_id):
            raise UnknownUser(str(identity_id))
        await external_accounts.record_unlinked(user_id, gone, actor=by.actor)
    return gone


async def held(user_id: UUID, *, by: Authority) -> User:
    """The person, until the end of the unit of work, where ``by`` may change them.

    Raises ``UnknownUser``, ``OwnAccount`` and ``BeyondOwnRole``.
    """
    person = await roles.held(user_id, by=by, asks=_ASKS)
    if await roles.is_guest(by.actor):
        raise BeyondOwnRole(text("Operators who are here as guests change nobody."))
    if person.is_guest:
        raise BeyondOwnRole(text("An operator who is here as a guest is changed by nobody here."))
    return person


def _check_address(profile: Profile) -> None:
    if profile.email is None:
        return
    try:
        mail_addresses.checked(profile.email, most=mail_addresses.LONGEST_TO_SIGN_IN)
    except mail_addresses.BadAddress as error:
        raise UnfitAddress(str(error)) from error


async def _found(user_id: UUID) -> User:
    found = await users.held(user_id)
    if found is None:
        raise UnknownUser(str(user_id))
    return found
