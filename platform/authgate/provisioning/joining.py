"""How people begin accounts by themselves, where the tenant has it so: they prove an address, then
the account is there.

Whoever asks is told the same, in the same time, whoever has the address: who has an account is
written that they do.
"""

from datetime import timedelta

from uuid_utils.compat import uuid7

from authgate import audit, mail, mail_addresses, storage
from authgate.accounts.passwords import JOIN, Passwords
from authgate.audit import ANONYMOUS, Event
from authgate.installation import Installation
from authgate.languages import Language, text
from authgate.provisioning.own_profile import called
from authgate.provisioning.users import store_user
from authgate.storage.people import mailed_links, users
from authgate.storage.people.mailed_links import MailedLink
from authgate.storage.people.usernames import canonical
from authgate.storage.people.users import User
from authgate.vocabulary import LinkPurpose, MailPurpose
from authgate_tenants import TenantSettings, current_tenant

BEGINNING = f"{JOIN}/begin"

GOOD = timedelta(days=1)


class UnfitAddress(ValueError):
    """Nobody begins an account with it here. The text may be told."""


class NoJoining(LookupError):
    """The link is no longer good, or never was."""


def is_open(settings: TenantSettings) -> bool:
    """Whether people begin accounts by themselves."""
    return settings.sign_up != "off" and settings.password_sign_in


async def ask(parts: Installation, email: str, *, language: Language | None = None) -> None:
    """Send whoever has an address a link by which they begin an account. Raises
    ``UnfitAddress``."""
    address = _welcome(email)
    async with storage.transaction():
        recipient: str | None = address
        try:
            await mail.refuse_flood(parts, address, MailPurpose.JOIN)
        except mail.TooManyMails:
            recipient = None
        known = await users.find_by_login(address)
        token, link = await mailed_links.add(
            LinkPurpose.JOIN, email="" if known else address, good=GOOD, now=parts.clock()
        )
        await _send(parts, token, link, recipient, known, language)
        await audit.record(Event.USER_JOIN_ASKED, actor=ANONYMOUS, details={"email": address})


async def wanted(parts: Installation, token: str) -> MailedLink:
    """What a link is for. Raises ``NoJoining``."""
    link = await mailed_links.find(token, LinkPurpose.JOIN, now=parts.clock())
    if link is None or not link.email:
        raise NoJoining
    try:
        _welcome(link.email)  # the tenant may want it otherwise by now
    except UnfitAddress as error:
        raise NoJoining from error
    return link


async def begin(
    parts: Installation, passwords: Passwords, token: str, *, name: str, password: str
) -> None:
    """Make the account of somebody who had none. They sign in by their address.

    Raises ``NoJoining``, ``UnfitProfile``, ``BadPassword``, ``TooBusy`` and ``QuotaReached``; the
    link stays good where it is none of the first.
    """
    link, name = await wanted(parts, token), called(name)
    async with storage.set_aside():
        hashed = await passwords.hash(password, about=(link.email, name))
    async with storage.savepoint():
        link = await wanted(parts, token)
        # Of two who come with it at once the second finds it gone.
        if not await mailed_links.spend(link.id) or await users.find_by_login(link.email):
            raise NoJoining
        user_id = uuid7()
        await store_user(
            username=link.email,
            email=link.email,
            name=name,
            password_hash=hashed,
            user_id=user_id,
            actor=audit.user(user_id, link.email),
        )


async def _send(
    parts: Installation,
    token: str,
    link: MailedLink,
    recipient: str | None,
    known: User | None,
    language: Language | None,
) -> None:
    issuer = current_tenant().issuer
    letter = mail.written(
        "join_known" if known else "join",
        language=language,
        link=f"{issuer}/login" if known else f"{issuer}{BEGINNING}?token={token}",
        until=link.expires_at,
    )
    await mail.post_owed(parts, letter, recipient=recipient, purpose=MailPurpose.JOIN)


def _welcome(email: str) -> str:
    """The address, where whoever has it may begin an account. Raises ``UnfitAddress``."""
    try:
        address = mail_addresses.checked(email, most=mail_addresses.LONGEST_TO_SIGN_IN)
    except mail_addresses.BadAddress as error:
        raise UnfitAddress(str(error)) from error
    settings = current_tenant().settings
    host = canonical(address).rpartition("@")[2]
    domains = {each.casefold() for each in settings.sign_up_domains}
    if not is_open(settings) or (settings.sign_up == "domains" and host not in domains):
        raise UnfitAddress(text("Nobody begins an account with an address of this domain here."))
    return address
