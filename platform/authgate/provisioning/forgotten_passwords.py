"""How somebody who has forgotten their password chooses another one: by a link in a mail.

Whoever asks is told the same, in the same time, whoever has an account: for a name that nobody has
all of it is done as well, and a mail is made that goes nowhere. The link is good once, for ten
minutes, and until another one is sent or the password is another one. It proves the address and
nothing else: whoever follows it signs in afterwards, by whatever else that asks for.
"""

from datetime import timedelta

from uuid_utils.compat import uuid7

from authgate import audit, mail, mail_addresses, storage
from authgate.accounts import wrong_passwords
from authgate.accounts.passwords import FORGOTTEN, Passwords
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import Language
from authgate.provisioning import notices
from authgate.provisioning import users as accounts
from authgate.storage.people import mailed_links, users
from authgate.storage.people.mailed_links import MailedLink
from authgate.storage.people.users import User
from authgate.vocabulary import LinkPurpose, MailPurpose
from authgate_tenants import current_tenant

CHOICE = f"{FORGOTTEN}/choose"

GOOD = timedelta(minutes=10)


class NoLink(LookupError):
    """The link is no longer good, or never was."""


async def ask_for_link(
    parts: Installation, login: str, *, language: Language | None = None
) -> None:
    """Send whoever signs in by this a link, to the address that is kept of them."""
    async with storage.transaction():
        user = await users.find_by_login(login)
        address = await _address(parts, user)
        theirs = user.id if user is not None and address is not None else None
        # The same is done for nobody, so that it takes as long.
        await mailed_links.withdraw(theirs or uuid7(), LinkPurpose.PASSWORD)
        token, link = await mailed_links.add(
            LinkPurpose.PASSWORD, user_id=theirs, good=GOOD, now=parts.clock()
        )
        await _send(parts, token, link, address, language)
        await _note(user, sent=address is not None)


async def wanted(parts: Installation, token: str) -> tuple[MailedLink, User]:
    """What a link is for, and whose account it is about. Raises ``NoLink``."""
    link = await mailed_links.find(token, LinkPurpose.PASSWORD, now=parts.clock())
    user = await users.find(link.user_id) if link is not None and link.user_id else None
    if link is None or user is None or not _may_choose(user):
        raise NoLink
    return link, user


async def choose(parts: Installation, passwords: Passwords, token: str, *, password: str) -> None:
    """Have somebody sign in with this from now on, who is signed out everywhere.

    Raises ``NoLink``, ``BadPassword`` and ``TooBusy``; the link stays good where it is not
    ``NoLink``.
    """
    _, user = await wanted(parts, token)
    async with storage.set_aside():
        hashed = await passwords.hash(password, about=user.called)
    async with storage.savepoint():
        link, user = await wanted(parts, token)
        held = await users.held(user.id)
        # Of two who come with it at once the second finds it gone.
        if held is None or not _may_choose(held) or not await mailed_links.spend(link.id):
            raise NoLink
        await accounts.give_password(held, hashed)
        await accounts.end_access(held, parts.clock())
        await audit.record(
            Event.USER_PASSWORD_RESET,
            actor=audit.user(held.id, held.username),
            resource=("user", str(held.id)),
            details={"by": "mail"},
        )
        await tell(parts, held)


async def tell(parts: Installation, user: User, *, language: Language | None = None) -> None:
    """Write to somebody that they have another password."""
    link = f"{current_tenant().issuer}{FORGOTTEN}"
    await notices.tell(
        parts, user, "password_changed", language=language, link=link, at=parts.clock()
    )


def _may_choose(user: User) -> bool:
    """Whether a mail to their address proves that it is they, and a password is what they have."""
    return user.is_active and user.email_verified and user.password_hash is not None


async def _address(parts: Installation, user: User | None) -> str | None:
    """Where the link is sent to: to nobody where there is nobody, they cannot be written to, or
    they were sent enough."""
    theirs = user.email if user is not None and _may_choose(user) else None
    address = mail_addresses.reachable(theirs)
    try:
        await mail.refuse_flood(parts, address or mail.nobody(), MailPurpose.PASSWORD)
    except mail.TooManyMails:
        return None
    return address


async def _send(
    parts: Installation,
    token: str,
    link: MailedLink,
    recipient: str | None,
    language: Language | None,
) -> None:
    letter = mail.written(
        "forgotten_password",
        language=language,
        link=f"{current_tenant().issuer}{CHOICE}?token={token}",
        until=link.expires_at,
    )
    await mail.post_owed(parts, letter, recipient=recipient, purpose=MailPurpose.PASSWORD)


async def _note(user: User | None, *, sent: bool) -> None:
    await audit.record(
        Event.USER_PASSWORD_FORGOTTEN, actor=wrong_passwords.tried_as(user), success=sent
    )
