"""How a person begins, is shut out and let in again."""

import secrets
from datetime import datetime
from uuid import UUID

from authgate import audit, mail_addresses, storage
from authgate.accounts import access, logout
from authgate.accounts.passwords import Passwords
from authgate.audit import SYSTEM, Actor, Event
from authgate.languages import text
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import roles
from authgate.provisioning.roles import OPERATOR, Authority, Refused, UnknownUser
from authgate.storage.people import mailed_links, person_erasures, users
from authgate.storage.people.users import User
from authgate.storage.sign_in import (
    external_identities,
    login_failures,
    remembered_devices,
    sessions,
)
from authgate.vocabulary import LinkPurpose, UserStatus


class BeingErased(Refused):
    """Somebody would be let in of whom all is being removed."""


async def add_user(
    passwords: Passwords,
    *,
    username: str,
    password: str,
    email: str | None = None,
    name: str = "",
    role: UserRole = UserRole.USER,
    user_id: UUID | None = None,
    actor: Actor = SYSTEM,
) -> User:
    """A new user of the current tenant, with the id given or a new one.

    An administrator of a tenant that nobody owns owns it. Raises ``BadPassword``, ``BadUsername``,
    ``BadAddress`` and ``UsernameTaken``.
    """
    hashed = await passwords.hash(password, about=(username, email or "", name))
    async with storage.transaction():
        if role is UserRole.ADMIN and not await users.has_owner():
            role = UserRole.OWNER
        return await store_user(
            username=username,
            password_hash=hashed,
            email=email,
            name=name,
            role=role,
            user_id=user_id,
            actor=actor,
        )


async def store_user(
    *,
    username: str,
    password_hash: str,
    email: str | None = None,
    name: str = "",
    role: UserRole = UserRole.USER,
    user_id: UUID | None = None,
    actor: Actor = SYSTEM,
) -> User:
    """A new user of the current tenant whose password was hashed before: that takes longer than a
    transaction should.

    Raises ``BadUsername``, ``BadAddress`` and ``UsernameTaken``.
    """
    address = mail_addresses.checked(email) if email is not None else None
    async with storage.transaction():
        user = await users.create(
            username=username,
            email=address,
            email_verified=address is not None,
            name=name,
            password_hash=password_hash,
            role=role,
            user_id=user_id,
        )
        await audit.record(
            Event.USER_CREATED,
            actor=actor,
            resource=("user", str(user.id)),
            details={"role": role},
        )
    return user


async def disable_user(login: str, *, now: datetime, by: Authority = OPERATOR) -> User:
    """Sign a user of the current tenant out everywhere, for as long as it stays disabled.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole`` and ``LastAdministrator``.
    """
    async with storage.transaction():
        user = await _user(login)
        await roles.held(user.id, by=by, asks=writes(Area.USERS), becomes=UserRole.USER)
        await shut_out(user, now=now, actor=by.actor)
    return user


async def shut_out(user: User, *, now: datetime, actor: Actor) -> None:
    """Sign a user out everywhere, for as long as it stays disabled, whoever wants it. Needs a unit
    of work that holds them."""
    await users.set_status(user.id, UserStatus.DISABLED)
    await end_access(user, now)
    await audit.record(Event.USER_DISABLED, actor=actor, resource=("user", str(user.id)))


async def enable_user(login: str, *, by: Authority = OPERATOR) -> User:
    """Let a user of the current tenant sign in again.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole`` and ``BeingErased``.
    """
    async with storage.transaction():
        user = await _user(login)
        await roles.held(user.id, by=by, asks=writes(Area.USERS))
        await let_in(user, actor=by.actor)
    return user


async def let_in(user: User, *, actor: Actor) -> None:
    """Let a user sign in again, whoever wants it. Needs a unit of work that holds them. Raises
    ``BeingErased``."""
    if await person_erasures.is_requested(user.id):
        raise BeingErased(text("They are being erased: nobody lets them in again."))
    await users.set_status(user.id, UserStatus.ACTIVE)
    await open_account(user)
    await audit.record(Event.USER_ENABLED, actor=actor, resource=("user", str(user.id)))


async def reset_password(
    passwords: Passwords, login: str, *, password: str, now: datetime, actor: Actor = SYSTEM
) -> User:
    """Give a user another password, and sign them out everywhere.

    Raises ``BadPassword`` and ``UnknownUser``.
    """
    hashed = await passwords.hash(password, about=(login,))
    async with storage.transaction():
        user = await _user(login)
        await give_password(user, hashed)
        await end_access(user, now)
        await audit.record(Event.USER_PASSWORD_RESET, actor=actor, resource=("user", str(user.id)))
    return user


async def give_password(user: User, hashed: str) -> None:
    """Have a user sign in with another password, whoever wants it; whoever tried to guess the
    former one is forgotten, and so is every link that leads to another one. Needs a unit of
    work."""
    await users.set_password_hash(user.id, hashed)
    await mailed_links.withdraw(user.id, LinkPurpose.PASSWORD)
    await open_account(user)


async def open_account(user: User) -> None:
    """Forget the wrong passwords tried for this person's name and for their address, here and at
    directories that know them, and in the place of their own when they were about to choose another
    one."""
    names = list(filter(None, (user.canonical_username, user.canonical_email)))
    elsewhere = [
        login_failures.account_at(each.connection_id, name)
        for each in await external_identities.of_user(user.id)
        for name in (*names, each.username)
    ]
    for account in (*names, own_change(user), *elsewhere):
        await login_failures.reopen(account)


def own_change(user: User) -> str:
    """What is counted under that they try to prove themselves by before they choose another one; no
    name looks like it."""
    return f"{user.id}\0change"


async def end_access(user: User, now: datetime) -> int:
    """Whoever acts in this person's name, in a browser or on a device, no longer can, and no
    browser is remembered as theirs; how many were signed in."""
    ended = await sessions.end_all(user.id, now=now)
    # What yields tokens ends before them: a request under way has then stored what it gives.
    await access.end_all_of_user(user.id, now=now)
    await remembered_devices.end_all(user.id)
    for session_id in ended:
        await logout.tell_clients(session_id, now=now)
    return len(ended)


async def _user(login: str) -> User:
    user = await users.find_by_login(login)
    if user is None:
        raise UnknownUser(login)
    return user


def random_password() -> str:
    """A password nobody chose: 120 random bits, in groups that can be read out."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(5))
    return "-".join(groups)


_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
