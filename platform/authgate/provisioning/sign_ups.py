"""How somebody begins a tenant of their own: they prove an address, then all of it is there.

It happens at the operators' tenant, which keeps what is wanted until then. Whatever address is
told, the answer is the same. The tenant has the id of what was wanted, so that of two who follow
the same link one begins it.
"""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, mail, mail_addresses, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import ANONYMOUS, Actor, Event
from authgate.installation import Installation
from authgate.languages import Language, text
from authgate.permissions import UserRole
from authgate.provisioning import first_client
from authgate.provisioning.clients import add_client
from authgate.provisioning.tenants import add_tenant
from authgate.provisioning.users import store_user
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.tenants import sign_ups
from authgate.storage.tenants.sign_ups import SignUp
from authgate.vocabulary import MailPurpose
from authgate_tenants import Tenant, current_tenant, likeness
from authgate_tenants.crossing import leave_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import RESERVED, BadSlug, check_slug

PATH = "/sign-up"
CONFIRMATION = f"{PATH}/confirm"
FIRST_STEPS = "/admin/first-steps"

_LONGEST_NAME = 100


class UnfitSignUp(ValueError):
    """Something that was told cannot be so. The text may be told."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


class NoSignUp(LookupError):
    """The link is no longer good, or never was."""


class Told(NamedTuple):
    """What somebody wants."""

    email: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Founded:
    """What is there once somebody has signed up."""

    tenant: Tenant
    owner: str
    """The name that they sign in by."""
    is_new: bool
    """Whether this link began it just now."""

    @property
    def sign_in_url(self) -> str:
        """Where the owner goes on: to the first page, once they have signed in."""
        target = quote(f"{self.tenant.prefix}{FIRST_STEPS}", safe="/")
        return f"{self.tenant.issuer}/login?return_to={target}"


def is_here(parts: Installation) -> bool:
    """Whether tenants are begun at the tenant in scope."""
    return current_tenant().operates and parts.settings.sign_up.mode != "off"


async def ask_for_tenant(
    parts: Installation, told: Told, *, language: Language | None = None
) -> None:
    """Send whoever wants a tenant a link by which they prove their address, in the language that
    they read if that is known.

    Nobody is told whether one was sent. Raises ``UnfitSignUp``.
    """
    told = Told(_checked_email(told.email), _checked_name(told.name), told.slug)
    await _refuse_slug(told.slug)
    async with storage.transaction():
        try:
            await mail.refuse_flood(parts, told.email, MailPurpose.SIGN_UP)
        except mail.TooManyMails:
            return
        token, kept = await sign_ups.begin(**told._asdict(), now=parts.clock())
        await _send(parts, kept, token, "sign_up", language)
        await audit.record(
            Event.TENANT_SIGN_UP_REQUESTED,
            actor=ANONYMOUS,
            resource=("sign_up", str(kept.id)),
            details={"slug": told.slug},
        )


async def invite_to_sign_up(parts: Installation, email: str, *, actor: Actor) -> SignUp:
    """Let somebody begin a tenant, whoever else may.

    Raises ``UnfitSignUp`` and ``TooManyMails``.
    """
    async with storage.transaction():
        address = _checked_email(email)
        by = (actor.name or actor.id or actor.type)[:160]
        token, kept = await sign_ups.begin(email=address, invited_by=by, now=parts.clock())
        await _send(parts, kept, token, "sign_up_invitation")
        await audit.record(
            Event.TENANT_SIGN_UP_INVITED, actor=actor, resource=("sign_up", str(kept.id))
        )
    return kept


async def withdraw_sign_up(sign_up_id: UUID, *, actor: Actor) -> None:
    """Take an invitation back. Raises ``NoSignUp``."""
    async with storage.transaction():
        if not await sign_ups.withdraw(sign_up_id):
            raise NoSignUp
        await audit.record(
            Event.TENANT_SIGN_UP_WITHDRAWN, actor=actor, resource=("sign_up", str(sign_up_id))
        )


async def wanted(parts: Installation, token: str) -> SignUp:
    """What a link is for. Raises ``NoSignUp``."""
    found = await sign_ups.find(token, now=parts.clock())
    if found is None:
        raise NoSignUp
    return found


async def finish_sign_up(
    parts: Installation,
    passwords: Passwords,
    token: str,
    *,
    password: str,
    name: str = "",
    slug: str = "",
) -> Founded:
    """The tenant with its owner, keys and first client: all of it, or nothing.

    Who was invited chooses name and slug here. Raises ``NoSignUp``, ``UnfitSignUp``,
    ``BadPassword`` and ``TooBusy``.
    """
    kept = await wanted(parts, token)
    told = Told(kept.email, kept.name or _checked_name(name), kept.slug or slug)
    if not kept.is_finished:
        await _refuse_slug(told.slug)
    async with storage.set_aside():
        with leave_tenant():
            founded = await _founded(parts, kept, told, await passwords.hash(password, about=told))
    async with storage.transaction():
        if await sign_ups.finish(kept.id, now=parts.clock()):
            await audit.record(
                Event.TENANT_SIGNED_UP,
                actor=Actor("anonymous", name=kept.email),
                resource=("tenant", str(kept.id)),
                details={"slug": founded.tenant.slug, "invited_by": kept.invited_by},
            )
    return founded


async def _founded(parts: Installation, kept: SignUp, told: Told, password_hash: str) -> Founded:
    owner_id = uuid7()
    actor = audit.user(owner_id, told.email)

    async def first() -> None:
        await store_user(
            username=told.email,
            email=told.email,
            password_hash=password_hash,
            role=UserRole.OWNER,
            user_id=owner_id,
            actor=actor,
        )
        await add_client(parts, first_client.draft(), actor=actor)

    known = await parts.resolver.find_by_id(kept.id)
    if known is not None:
        return Founded(known, told.email, is_new=False)
    try:
        tenant = await add_tenant(
            parts, slug=told.slug, name=told.name, tenant_id=kept.id, first=first, actor=actor
        )
    except BadSlug as error:
        raise _unfit_slug(told.slug) from error
    except SlugTaken as error:
        known = await parts.resolver.find_by_id(kept.id)  # whoever came first with this link
        if known is None:
            raise UnfitSignUp("slug", text("This address is taken: choose another one.")) from error
        return Founded(known, told.email, is_new=False)
    return Founded(tenant, told.email, is_new=True)


async def _send(
    parts: Installation,
    kept: SignUp,
    token: str,
    template: str,
    language: Language | None = None,
) -> None:
    link = f"{current_tenant().issuer}{CONFIRMATION}?token={token}"
    letter = mail.written(
        template, language=language, link=link, slug=kept.slug, until=kept.expires_at
    )
    await mail.post(parts, letter, recipient=kept.email, purpose=MailPurpose.SIGN_UP)


def _checked_email(email: str) -> str:
    try:
        return mail_addresses.checked(email, most=mail_addresses.LONGEST_TO_SIGN_IN)
    except mail_addresses.BadAddress as error:
        raise UnfitSignUp("email", str(error)) from error


def _checked_name(name: str) -> str:
    written = " ".join(name.split())
    try:
        canonical(written)
    except BadUsername as error:
        raise UnfitSignUp("name", str(error)) from error
    if len(written) > _LONGEST_NAME:
        raise UnfitSignUp(
            "name", text("The name has at most %(most)s characters.", most=_LONGEST_NAME)
        )
    return written


def _unfit_slug(slug: str) -> UnfitSignUp:
    if slug in RESERVED:
        return UnfitSignUp("slug", text("%(slug)r is reserved.", slug=slug))
    fault = text("%(slug)r is not 1 to 63 of a-z, 0-9 and inner dashes.", slug=slug[:80])
    return UnfitSignUp("slug", fault)


async def _refuse_slug(slug: str) -> None:
    """Nobody takes a name that is reserved, or could be taken for another's (UTS 39)."""
    try:
        check_slug(slug)
    except BadSlug as error:
        raise _unfit_slug(slug) from error
    if likeness.read_as(slug) in _READ_AS_RESERVED or await likeness.is_like_another(slug):
        raise UnfitSignUp("slug", text("This address is taken, or could be taken for another one."))


_READ_AS_RESERVED = frozenset(likeness.read_as(each) for each in RESERVED)
