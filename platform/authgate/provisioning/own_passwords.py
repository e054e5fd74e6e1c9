"""How somebody who is signed in chooses another password: they prove that they know the former one.

What is tried for it is counted by itself: strangers' guesses at the sign-in page do not get in the
way here, and whoever sits at somebody else's browser guesses no more often than there.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from authgate import audit, storage
from authgate.accounts import access
from authgate.accounts.passwords import BadPassword, Passwords
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import Language, text
from authgate.provisioning import forgotten_passwords
from authgate.provisioning import users as accounts
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures, sessions

_LONGEST_WAIT = timedelta(days=1)
"""Whoever sits at somebody else's browser closes nothing for good."""


class WrongPassword(ValueError):
    """It is not the one that they have."""


class TooManyTries(Exception):
    """Nobody is heard for some seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


async def change(
    parts: Installation,
    passwords: Passwords,
    user: User,
    *,
    current: str,
    password: str,
    ends_others_than: UUID | None,
    language: Language | None = None,
) -> None:
    """Give somebody another password; whatever acts in their name elsewhere ends, where a session
    is named that stays.

    Raises ``WrongPassword``, ``TooManyTries``, ``BadPassword`` and ``TooBusy``.
    """
    await _prove(parts, passwords, user, current)
    if password == current:
        raise BadPassword(text("This is the password that you have."))
    async with storage.set_aside():
        hashed = await passwords.hash(password, about=user.called)
    async with storage.savepoint():
        held = await users.held(user.id)
        if held is None or held.password_hash != user.password_hash:
            raise WrongPassword  # it has become another one meanwhile
        await accounts.give_password(held, hashed)
        ended = await _end_others(parts, held, ends_others_than) if ends_others_than else ()
        await audit.record(
            Event.USER_PASSWORD_CHANGED,
            actor=audit.user(held.id, held.username),
            resource=("user", str(held.id)),
            details={"sessions": len(ended)},
        )
        await forgotten_passwords.tell(parts, held, language=language)


async def _prove(parts: Installation, passwords: Passwords, user: User, current: str) -> None:
    tried = accounts.own_change(user)
    counted = await login_failures.count_attempt(tried, now=parts.clock(), longest=_LONGEST_WAIT)
    if counted is None:
        raise TooManyTries(await login_failures.seconds_to_wait(tried, now=parts.clock()))
    with passwords.place() as check:
        async with storage.set_aside():
            right = await check(user.password_hash, current, ())
    if not right:
        await audit.record(
            Event.USER_PASSWORD_CHANGED,
            actor=audit.user(user.id, user.username),
            success=False,
            resource=("user", str(user.id)),
        )
        raise WrongPassword
    await login_failures.forget(tried)


async def _end_others(parts: Installation, user: User, stays: UUID) -> Collection[UUID]:
    now = parts.clock()
    ended = await sessions.end_all(user.id, now=now, except_id=stays)
    await access.end_all_of_user(user.id, now=now)
    for session_id in ended:
        await access.end_of_session(session_id, now=now)
    return ended
