"""Who somebody from another provider is here: the linking rules.

An identity is a connection, an issuer and a subject, and nothing else. An e-mail address never
links: whoever runs the other provider could write any address into it. The one exception is asked
for by name, and holds for who came by SCIM at a domain that the tenant has proven to be its own.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit
from authgate.accounts import own_events
from authgate.audit import Actor, Event
from authgate.clock import utc_now
from authgate.languages import text
from authgate.permissions import UserRole
from authgate.plugin_api import ExternalIdentity
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import Newcomers, Provisioned, domain_of
from authgate.storage.sign_in.connections import Connection
from authgate.storage.sign_in.external_identities import LinkedIdentity
from authgate.storage.tenants.quotas import QuotaReached
from authgate.vocabulary import UserStatus
from authgate_tenants import current_tenant, domains

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}", re.ASCII)
_NOT_IN_A_USERNAME = re.compile(r"[^a-z0-9._-]+")


class NotHere(Exception):
    """This identity signs nobody in. The text is for the person."""

    status = 403


class AccountDisabled(NotHere):
    """The user it belongs to is disabled."""


class NotRegistered(NotHere):
    """It belongs to nobody, and the tenant takes nobody new."""


class Full(NotHere):
    """It belongs to nobody, and the tenant's plan lets nobody new in."""


class AddressTaken(NotHere):
    """It belongs to nobody, and somebody else has its e-mail address here."""

    status = 409


class NotWelcome(NotHere):
    """The connection lets in addresses of some domains, and this is none of them."""


class IdentityInUse(NotHere):
    """It is somebody else's way in."""

    status = 409


async def expected(connection: Connection, identity: ExternalIdentity) -> User:
    """Whom this identity would sign in. Nothing is stored: who is new is here by no more than an
    id. Raises ``NotHere``."""
    check_welcome(connection, identity)
    user = await _linked(connection, identity) or await provisioned_user(connection, identity)
    if user is None:
        return _nobody_yet(identity, await _checked_newcomer(connection, identity))
    if not user.is_active:
        raise AccountDisabled(text("Your account here is switched off."))
    return user


async def user_of(
    connection: Connection, identity: ExternalIdentity, *, new_id: UUID, now: datetime
) -> User:
    """The user whom this identity belongs to, made now, by this id, if the tenant allows it.

    Wants a unit of work. Raises ``NotHere``; of two first sign-ins at once, one raises
    ``UsernameTaken`` or ``IdentityTaken``.
    """
    check_welcome(connection, identity)
    known = await external_identities.find_user(
        connection_id=connection.id, issuer=identity.issuer, subject=identity.subject
    )
    if known is None:
        return await _first_time(connection, identity, new_id, now)
    user = await users.find(known)
    if user is None or not user.is_active:
        raise AccountDisabled(text("Your account here is switched off."))
    await external_identities.note_use(
        connection_id=connection.id,
        issuer=identity.issuer,
        subject=identity.subject,
        username=identity.username,
        now=now,
    )
    return user


async def _linked(connection: Connection, identity: ExternalIdentity) -> User | None:
    known = await external_identities.find_user(
        connection_id=connection.id, issuer=identity.issuer, subject=identity.subject
    )
    return await users.find(known) if known else None


def _nobody_yet(identity: ExternalIdentity, email: str | None) -> User:
    now, name = utc_now(), _plain_name(identity)
    return User(
        id=uuid7(),
        tenant_id=current_tenant().id,
        username=name,
        canonical_username=name,
        email=email,
        canonical_email=email,
        email_verified=email is not None,
        name=identity.name[:100],
        picture="",
        password_hash=None,
        status=UserStatus.ACTIVE,
        role=UserRole.USER,
        not_before=None,
        guest_until=None,
        created_at=now,
        updated_at=now,
    )


async def link_to(
    user: User, connection: Connection, identity: ExternalIdentity, *, now: datetime
) -> None:
    """Make this identity a further way in of somebody who is signed in. Raises ``NotHere``."""
    check_welcome(connection, identity)
    known = await external_identities.find_user(
        connection_id=connection.id, issuer=identity.issuer, subject=identity.subject
    )
    if known not in (None, user.id):
        raise IdentityInUse(
            text(
                "This %(connection)s account already signs somebody else in.",
                connection=connection.label,
            )
        )
    if known is None:
        await _link(connection, identity, user, now)
        await _record_link(connection, identity, user, "linked by themselves")


def check_welcome(connection: Connection, identity: ExternalIdentity) -> None:
    """Raises ``NotWelcome`` where the connection lets in some domains, and not this one."""
    domains = connection.rules.allowed_domains
    if domains and domain_of(_vouched_address(identity) or "") not in domains:
        raise NotWelcome(
            text(
                "%(site)s does not let in the address of this %(connection)s account.",
                site=current_tenant().name,
                connection=connection.label,
            )
        )


async def _first_time(
    connection: Connection, identity: ExternalIdentity, new_id: UUID, now: datetime
) -> User:
    user = await provisioned_user(connection, identity)
    if user is None:
        return await _register(connection, identity, new_id, now)
    if not user.is_active:
        raise AccountDisabled(text("Your account here is switched off."))
    await _link(connection, identity, user, now)
    await _record_link(connection, identity, user, connection.rules.provisioned)
    return user


async def provisioned_user(connection: Connection, identity: ExternalIdentity) -> User | None:
    """Who came by SCIM, and whom the connection is trusted to tell apart.

    Nobody who may administer anything: whoever sets up connections could become them. And nobody
    whom the connection knows already by another identity, which is not theirs then.
    """
    user = None
    if connection.rules.provisioned is Provisioned.SUBJECT:
        user = await users.find_provisioned(external_id=identity.subject)
    elif connection.rules.provisioned is Provisioned.EMAIL:
        user = await _by_proven_address(connection, identity)
    if user is None or user.role is not UserRole.USER:
        return None
    linked = await external_identities.of_user(user.id)
    return None if any(each.connection_id == connection.id for each in linked) else user


async def _by_proven_address(connection: Connection, identity: ExternalIdentity) -> User | None:
    email = _vouched_address(identity)
    if email is None or domain_of(email) not in connection.rules.email_domains:
        return None
    # Asked each time: a domain that is lost vouches for nobody any more.
    if domain_of(email) not in await proven_domains():
        return None
    return await users.find_provisioned(email=email)


async def proven_domains() -> set[str]:
    """The domains that the tenant has proven to be its own."""
    return {each.host for each in await domains.every() if each.verified_at is not None}


async def _link(
    connection: Connection, identity: ExternalIdentity, user: User, now: datetime
) -> None:
    await external_identities.link(
        connection_id=connection.id,
        issuer=identity.issuer,
        subject=identity.subject,
        user_id=user.id,
        username=identity.username,
        now=now,
    )


async def _record_link(
    connection: Connection, identity: ExternalIdentity, user: User, by: str
) -> None:
    await own_events.record(
        Event.IDENTITY_LINKED,
        user,
        connection=connection.slug,
        issuer=identity.issuer,
        subject=identity.subject,
        by=by,
    )


async def record_unlinked(user_id: UUID, gone: LinkedIdentity, *, actor: Actor) -> None:
    """Write down that an identity is a person's no more, whoever has ended it."""
    slugs = {each.id: each.slug for each in await connections.every()}
    await audit.record(
        Event.IDENTITY_UNLINKED,
        actor=actor,
        resource=("user", str(user_id)),
        details={
            "connection": slugs.get(gone.connection_id, ""),
            "issuer": gone.issuer,
            "subject": gone.subject,
            "username": gone.username,
        },
    )


async def _checked_newcomer(connection: Connection, identity: ExternalIdentity) -> str | None:
    """The address of somebody new whom the tenant takes, if they have one. Raises ``NotHere``."""
    tenant = current_tenant()
    if not takes_newcomers(connection):
        raise NotRegistered(
            text(
                "Nobody at %(site)s belongs to this %(connection)s account. Ask an administrator "
                "to add you.",
                site=tenant.name,
                connection=connection.label,
            )
        )
    email = _vouched_address(identity)
    if not _is_welcome(email, tenant.settings.auto_register_domains):
        raise NotRegistered(
            text(
                "%(site)s takes nobody new with the address of this %(connection)s account.",
                site=tenant.name,
                connection=connection.label,
            )
        )
    if email and await users.find_by_login(email):
        raise AddressTaken(
            text(
                "Somebody at %(site)s already has the address of this %(connection)s account. "
                "Sign in the way you always do.",
                site=tenant.name,
                connection=connection.label,
            )
        )
    return email


async def _register(
    connection: Connection, identity: ExternalIdentity, new_id: UUID, now: datetime
) -> User:
    email = await _checked_newcomer(connection, identity)
    user = await _stored(identity, connection, new_id, email)
    await _link(connection, identity, user, now)
    await own_events.record(
        Event.USER_CREATED, user, connection=connection.slug, issuer=identity.issuer
    )
    return user


def takes_newcomers(connection: Connection) -> bool:
    """Whether a first sign-in makes a user."""
    newcomers = connection.rules.newcomers
    if newcomers is Newcomers.AS_TENANT:
        return current_tenant().settings.auto_register
    return newcomers is Newcomers.WELCOME


async def _stored(
    identity: ExternalIdentity, connection: Connection, new_id: UUID, email: str | None
) -> User:
    try:
        return await users.create(
            user_id=new_id,
            username=await _free_username(identity, connection.slug),
            email=email,
            email_verified=email is not None,
            name=identity.name[:100],
            picture=_picture(identity),
        )
    except QuotaReached as error:
        raise Full(
            text(
                "%(site)s has as many people as its plan allows. Its administrators know more.",
                site=current_tenant().name,
            )
        ) from error


def _vouched_address(identity: ExternalIdentity) -> str | None:
    # An address that nobody has checked could be somebody else's, and would sign in as theirs.
    if identity.email_verified and _ADDRESS.fullmatch(identity.email):
        return identity.email
    return None


def _is_welcome(email: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or domain_of(email or "") in (each.lower() for each in wanted)


def _picture(identity: ExternalIdentity) -> str:
    fits = identity.picture.startswith("https://") and len(identity.picture) <= 500
    return identity.picture if fits else ""


async def _free_username(identity: ExternalIdentity, slug: str) -> str:
    for candidate in _usernames(identity, slug):
        if await users.find_by_login(candidate) is None:
            return candidate
    return f"{_plain_name(identity)}-{secrets.token_hex(4)}"


def _usernames(identity: ExternalIdentity, slug: str) -> Iterator[str]:
    name = _plain_name(identity)
    yield name
    yield f"{name}-{slug}"


def _plain_name(identity: ExternalIdentity) -> str:
    # Never an address: a user called like another's address would stand in the way of that one.
    wanted = (identity.username or identity.email).partition("@")[0].lower()
    return _NOT_IN_A_USERNAME.sub("-", wanted).strip("-._")[:50] or "user"
