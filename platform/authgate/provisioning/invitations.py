"""How people are invited to a tenant, and come to it.

Nobody gives by an invitation what they could not give by hand, and what they may counts once more
when it is accepted: who was demoted meanwhile has invited nobody. The link proves the address.
"""

from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, mail, mail_addresses, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.permissions import Area, Permission, UserRole, covers, writes
from authgate.provisioning import roles
from authgate.provisioning.own_profile import called
from authgate.provisioning.roles import OPERATOR, Authority, BeyondOwnRole
from authgate.provisioning.users import store_user
from authgate.storage.people import directory, invitations, users
from authgate.storage.people.invitations import Invitation
from authgate.storage.people.usernames import canonical
from authgate.storage.people.users import User, UsernameTaken
from authgate.storage.sign_in import external_identities
from authgate.vocabulary import InvitationStatus, MailPurpose
from authgate_tenants import current_tenant

PATH = "/invitation"


class UnfitInvitation(ValueError):
    """Nobody can be invited so. The text may be told."""


class NoInvitation(LookupError):
    """There is none that can be accepted, or changed."""


class NotYours(ValueError):
    """Somebody else was invited."""


async def invite(
    parts: Installation, email: str, role: UserRole, *, by: Authority = OPERATOR
) -> Invitation:
    """Invite somebody; what waited for this address is replaced.

    Nobody is told whether the address is known. Raises ``UnfitInvitation``, ``BeyondOwnRole`` and
    ``TooManyMails``.
    """
    address = _checked(email)
    _refuse_where_none_signs_in_so()
    async with storage.transaction():
        await roles.refuse_inviter(by, role, asks=_asks(role))
        await mail.refuse_flood(parts, address, MailPurpose.INVITATION)
        await invitations.withdraw_former(canonical(address))
        token, made = await invitations.add(
            email=address,
            canonical_email=canonical(address),
            role=role,
            invited_by=_name(by),
            inviter_id=by.user_id,
            now=parts.clock(),
        )
        await _send(parts, made, token)
        await _note(Event.USER_INVITED, made, by)
    return made


async def invite_first(
    parts: Installation, person: User, *, by: Authority = OPERATOR
) -> Invitation:
    """Have somebody whom an administrator or another directory has brought in choose a password, by
    a link that proves their address.

    Raises ``UnfitInvitation`` where they have no address, or a way in already, and what ``invite``
    raises.
    """
    if person.email is None:
        raise UnfitInvitation(text("They have no email."))
    if not await _has_no_way_in(person):
        raise UnfitInvitation(text("They can sign in already."))
    return await invite(parts, person.email, UserRole.USER, by=by)


async def is_first(email: str) -> bool:
    """Whether this is the address of somebody who has no way in yet."""
    person = await users.find_by_login(email)
    return person is not None and await _begins(person, email)


async def _begins(person: User, email: str) -> bool:
    return person.canonical_email == canonical(email) and await _has_no_way_in(person)


async def _has_no_way_in(person: User) -> bool:
    """Nobody has ever signed in as them: so whoever chooses their password takes nothing over."""
    if person.password_hash is not None or person.is_guest or not person.is_active:
        return False
    return not await external_identities.of_user(person.id)


async def resend(
    parts: Installation, invitation_id: UUID, *, by: Authority = OPERATOR
) -> Invitation:
    """Send another link, which is good for as long as a first one; the former is good no more.

    From then on it is whoever sent it again who invites. Raises ``NoInvitation``,
    ``UnfitInvitation``, ``BeyondOwnRole`` and ``TooManyMails``.
    """
    _refuse_where_none_signs_in_so()
    async with storage.transaction():
        found = await _waiting(invitation_id)
        await roles.refuse_inviter(by, found.role, asks=_asks(found.role))
        await mail.refuse_flood(parts, found.email, MailPurpose.INVITATION)
        renewed = await invitations.renew(
            invitation_id, invited_by=_name(by), inviter_id=by.user_id, now=parts.clock()
        )
        if renewed is None:
            raise NoInvitation
        token, made = renewed
        await _send(parts, made, token)
        await _note(Event.USER_INVITED, made, by)
    return made


async def withdraw(invitation_id: UUID, *, by: Authority = OPERATOR) -> None:
    """Take an invitation back. Raises ``NoInvitation`` and ``BeyondOwnRole``."""
    async with storage.transaction():
        found = await _waiting(invitation_id)
        await roles.refuse_inviter(by, found.role, asks=_asks(found.role))
        if not await invitations.withdraw(invitation_id):
            raise NoInvitation
        await _note(Event.USER_INVITATION_WITHDRAWN, found, by)


async def wanted(parts: Installation, token: str) -> Invitation:
    """What a link is for. Raises ``NoInvitation``."""
    found = await invitations.find_by_token(token, now=parts.clock())
    if found is None or not await _is_still_meant(found):
        raise NoInvitation
    return found


async def accept_anew(
    parts: Installation, passwords: Passwords, token: str, *, name: str, password: str
) -> User:
    """The account of somebody who had none, or had no way in to it. They sign in by their address.

    Raises ``NoInvitation``, ``UnfitProfile``, ``BadPassword``, ``TooBusy``, and ``UsernameTaken``
    where somebody has the address. Whatever it raises, the invitation waits as it did.
    """
    invitation, name = await wanted(parts, token), called(name)
    if not current_tenant().settings.password_sign_in:
        raise NoInvitation
    async with storage.set_aside():
        hashed = await passwords.hash(password, about=(invitation.email, name))
    async with storage.savepoint():
        invitation = await wanted(parts, token)
        known = await users.find_by_login(invitation.canonical_email)
        if known is not None:
            return await _begin_as(parts, invitation, known, hashed)
        user_id = uuid7()
        # Before there is anybody: of two who come at once the second finds it accepted.
        await _accept(parts, invitation, user_id)
        return await store_user(
            username=invitation.email,
            email=invitation.email,
            name=name,
            password_hash=hashed,
            role=invitation.role,
            user_id=user_id,
            actor=audit.user(user_id, invitation.email),
        )


async def _begin_as(parts: Installation, invitation: Invitation, known: User, hashed: str) -> User:
    """Somebody who was here already, and had no way in, as what they were invited. Raises
    ``UsernameTaken`` for others."""
    held = (await users.hold_in_charge(known.id)).get(known.id)
    if held is None or not await _begins(held, invitation.email):
        raise UsernameTaken(invitation.email)
    await _accept(parts, invitation, held.id)
    await directory.give_first_password(held.id, hashed)
    await _become(held, invitation.role)
    return held


async def accept_as(parts: Installation, token: str, user: User) -> User:
    """Somebody who has the address already, as what they were invited; who may more stays that.

    Raises ``NoInvitation``, and ``NotYours`` for whoever has another address.
    """
    async with storage.transaction():
        invitation = await wanted(parts, token)
        if user.canonical_email != invitation.canonical_email:
            raise NotYours
        held = (await users.hold_in_charge(user.id)).get(user.id)
        if held is None or not held.is_active or held.is_guest:
            raise NoInvitation
        await _accept(parts, invitation, user.id)
        await _become(held, invitation.role)
    return user


async def _become(user: User, role: UserRole) -> None:
    """Whoever may more already stays that."""
    if covers(user.role, role):
        return
    await users.set_role(user.id, role)
    await audit.record(
        Event.USER_ROLE_CHANGED,
        actor=audit.user(user.id, user.username),
        resource=("user", str(user.id)),
        details={"was": user.role, "is": role},
    )


async def _accept(parts: Installation, invitation: Invitation, user_id: UUID) -> None:
    if not await invitations.accept(invitation.id, user_id=user_id, now=parts.clock()):
        raise NoInvitation
    await audit.record(
        Event.USER_INVITATION_ACCEPTED,
        actor=audit.user(user_id, invitation.email),
        resource=("invitation", str(invitation.id)),
        details={"role": invitation.role, "invited_by": invitation.invited_by},
    )


async def _is_still_meant(invitation: Invitation) -> bool:
    """Whether whoever invited could do so today."""
    if invitation.inviter_id is None:
        return True
    inviter = Authority(audit.user(invitation.inviter_id, invitation.invited_by))
    try:
        await roles.refuse_inviter(inviter, invitation.role, asks=_asks(invitation.role))
    except BeyondOwnRole:
        return False
    return True


async def _waiting(invitation_id: UUID) -> Invitation:
    found = await invitations.find(invitation_id)
    if found is None or found.status is not InvitationStatus.PENDING:
        raise NoInvitation
    return found


async def _send(parts: Installation, invitation: Invitation, token: str) -> None:
    link = f"{current_tenant().issuer}{PATH}?token={token}"
    letter = mail.written(
        "invitation",
        link=link,
        role=invitation.role,
        invited_by=invitation.invited_by,
        until=invitation.ends_at,
    )
    purpose = MailPurpose.INVITATION
    await mail.post(parts, letter, recipient=invitation.email, purpose=purpose)


async def _note(event: Event, invitation: Invitation, by: Authority) -> None:
    await audit.record(
        event,
        actor=by.actor,
        resource=("invitation", str(invitation.id)),
        details={"email": invitation.email, "role": invitation.role},
    )


def _name(by: Authority) -> str:
    return (by.actor.name or by.actor.id or by.actor.type)[:160]


def _asks(role: UserRole) -> Permission:
    return writes(Area.USERS if role is UserRole.USER else Area.ROLES)


def _refuse_where_none_signs_in_so() -> None:
    if not current_tenant().settings.password_sign_in:
        raise UnfitInvitation(
            text(
                "Nobody signs in with a password here. Who comes through a connection "
                "has an account, and can be given a role."
            )
        )


def _checked(email: str) -> str:
    try:
        return mail_addresses.checked(email, most=mail_addresses.LONGEST_TO_SIGN_IN)
    except mail_addresses.BadAddress as error:
        raise UnfitInvitation(str(error)) from error
