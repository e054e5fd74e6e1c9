"""How people say what they are called, and change the address by which they are reached.

Another address counts once its owner has followed a link there, signed in to the account that it is
for. Then both are told, and for a week whoever reads the former one can have it back: a thief of a
session changes it for good nowhere.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from authgate import audit, mail, mail_addresses, storage
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import Language
from authgate.provisioning.users import end_access
from authgate.storage.people import mailed_links, profiles, users
from authgate.storage.people.mailed_links import MailedLink
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername, canonical
from authgate.storage.people.users import User, UsernameTaken
from authgate.vocabulary import LinkPurpose, MailPurpose
from authgate_tenants import current_tenant

ADDRESS = "/account/address"
UNDO = f"{ADDRESS}/undo"

GOOD = timedelta(days=1)
"""For how long an address can be proven."""

REGRET = timedelta(days=7)
"""For how long the former one can be had back."""


class UnfitProfile(ValueError):
    """Something that was told cannot be so. The text may be told."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


class NoAddressLink(LookupError):
    """The link is no longer good, or never was."""


class NotYourAccount(ValueError):
    """The link is for another account than the one that is signed in."""


async def may_change(user: User) -> bool:
    """Whether they say it themselves: the tenant wants it, and no other directory says it."""
    own = current_tenant().settings.own_profile and not user.is_guest
    return own and not await profiles.is_provisioned(user.id)


async def rename(user: User, name: str, *, now: datetime) -> None:
    """Have somebody be called so. Raises ``UnfitProfile``."""
    written = called(name)
    if written == user.name:
        return
    async with storage.transaction():
        await profiles.rename(user.id, written, now=now)
        await _note(Event.USER_UPDATED, user, was={"name": user.name}, now_is={"name": written})


async def ask_for_address(
    parts: Installation, user: User, email: str, *, language: Language | None = None
) -> None:
    """Send a link to an address that somebody says is theirs: another one, or the one they have.

    Nobody is told whether it is somebody else's. Raises ``UnfitProfile`` and ``TooManyMails``.
    """
    address = _address(email)
    async with storage.transaction():
        await mail.refuse_flood(parts, address, MailPurpose.ADDRESS)
        await mailed_links.withdraw(user.id, LinkPurpose.ADDRESS)
        token, link = await mailed_links.add(
            LinkPurpose.ADDRESS, user_id=user.id, email=address, good=GOOD, now=parts.clock()
        )
        letter = mail.written(
            "address",
            language=language,
            link=f"{current_tenant().issuer}{ADDRESS}?token={token}",
            name=user.username,
            until=link.expires_at,
        )
        is_taken = await profiles.is_taken(address, by_other_than=user.id)
        recipient = None if is_taken else address
        await mail.post_owed(parts, letter, recipient=recipient, purpose=MailPurpose.ADDRESS)
        await audit.record(
            Event.USER_EMAIL_ASKED,
            actor=audit.user(user.id, user.username),
            resource=("user", str(user.id)),
            details={"email": address},
        )


async def wanted(parts: Installation, token: str, user: User) -> MailedLink:
    """What a link is for. Raises ``NoAddressLink``, and ``NotYourAccount`` for somebody else."""
    link = await mailed_links.find(token, LinkPurpose.ADDRESS, now=parts.clock())
    if link is None:
        raise NoAddressLink
    if link.user_id != user.id:
        raise NotYourAccount
    return link


async def prove(
    parts: Installation, token: str, user: User, *, language: Language | None = None
) -> None:
    """Have the address of a link be that of whoever follows it. Raises ``NoAddressLink`` and
    ``NotYourAccount``."""
    now = parts.clock()
    async with storage.savepoint():
        link = await wanted(parts, token, user)
        held = await users.held(user.id)
        if held is None or not held.is_active or not await mailed_links.spend(link.id):
            raise NoAddressLink
        if held.canonical_email == canonical(link.email):
            await profiles.verify(held.id, link.email, now=now)
            await _note(Event.USER_EMAIL_VERIFIED, held, now_is={"email": held.email})
            return
        await _have(held, link.email, now)
        await mailed_links.withdraw(held.id, LinkPurpose.PASSWORD)
        was, now_is = _addressed(held), {"email": link.email}
        await _note(Event.USER_EMAIL_CHANGED, held, was=was, now_is=now_is)
        await _tell_both(parts, held, link.email, language)


async def regretted(parts: Installation, token: str) -> MailedLink:
    """What a link that was sent to a former address brings back. Raises ``NoAddressLink``."""
    link = await mailed_links.find(token, LinkPurpose.UNDO, now=parts.clock())
    if link is None or link.user_id is None:
        raise NoAddressLink
    return link


async def undo(parts: Installation, token: str) -> None:
    """Have somebody be reached where they were before, and signed out everywhere: whoever changed
    it was somebody else. Raises ``NoAddressLink``."""
    async with storage.savepoint():
        link = await regretted(parts, token)
        held = await users.held(link.user_id) if link.user_id else None
        if held is None or not await mailed_links.spend(link.id):
            raise NoAddressLink
        await _have(held, link.email, parts.clock())
        await mailed_links.withdraw(held.id, LinkPurpose.PASSWORD, LinkPurpose.ADDRESS)
        # Those of addresses that came later are the thief's; an earlier one is good still.
        await mailed_links.withdraw_since(held.id, LinkPurpose.UNDO, since=link.created_at)
        await end_access(held, parts.clock())
        was, now_is = _addressed(held), {"email": link.email}
        await _note(Event.USER_EMAIL_CHANGE_UNDONE, held, was=was, now_is=now_is)


def _addressed(user: User) -> dict[str, object]:
    """Their address, and whether it was proven: one that was is theirs, and is forgotten too."""
    return {"email": user.email, "email_verified": user.email_verified}


async def _have(user: User, email: str, now: datetime) -> None:
    # It may have become somebody's since the link was sent.
    if await profiles.is_taken(email, by_other_than=user.id):
        raise NoAddressLink
    try:
        await profiles.change_address(user.id, email, now=now)
    except UsernameTaken as error:
        raise NoAddressLink from error


async def _tell_both(
    parts: Installation, user: User, email: str, language: Language | None
) -> None:
    link, former = "", mail_addresses.reachable(user.email)
    if former is not None and user.email_verified:
        token, _ = await mailed_links.add(
            LinkPurpose.UNDO, user_id=user.id, email=former, good=REGRET, now=parts.clock()
        )
        link = f"{current_tenant().issuer}{UNDO}?token={token}"
    for recipient in filter(None, (former, email)):
        letter = mail.written(
            "address_changed",
            language=language,
            link=link if recipient == former else "",
            name=user.username,
            email=email,
            days=REGRET.days,
        )
        await mail.post_owed(parts, letter, recipient=recipient, purpose=MailPurpose.NOTICE)


async def _note(
    event: Event,
    user: User,
    *,
    now_is: Mapping[str, str | None],
    was: Mapping[str, object] | None = None,
) -> None:
    await audit.record(
        event,
        actor=audit.user(user.id, user.username),
        resource=("user", str(user.id)),
        details={"is": now_is} | ({"was": was} if was else {}),
    )


def called(name: str) -> str:
    """What somebody says they are called, as it is kept. Raises ``UnfitProfile``."""
    written = " ".join(name.split())[:LONGEST_NAME]
    try:
        canonical(written or "nobody")
    except BadUsername as error:
        raise UnfitProfile("name", str(error)) from error
    return written


def _address(email: str) -> str:
    try:
        return mail_addresses.checked(email, most=mail_addresses.LONGEST_TO_SIGN_IN)
    except mail_addresses.BadAddress as error:
        raise UnfitProfile("email", str(error)) from error
