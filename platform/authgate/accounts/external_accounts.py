"""Who somebody from another provider is here: the linking rules.

An identity is a connection, an issuer and a subject, and nothing else. An e-mail address never
links: whoever runs the other provider could write any address into it.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime

from authgate import audit
from authgate.audit import Event
from authgate.languages import text
from authgate.plugin_api import ExternalIdentity
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities
from authgate.storage.sign_in.connections import Connection
from authgate.storage.tenants.quotas import QuotaReached
from authgate_tenants import current_tenant

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


async def user_of(connection: Connection, identity: ExternalIdentity, *, now: datetime) -> User:
    """The user whom this identity belongs to, made now if the tenant allows it.

    Wants a unit of work. Raises ``NotHere``; of two first sign-ins at once, one raises
    ``UsernameTaken`` or ``IdentityTaken``.
    """
    known = await external_identities.find_user(
        connection_id=connection.id, issuer=identity.issuer, subject=identity.subject
    )
    if known is None:
        return await _register(connection, identity, now)
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


async def _register(connection: Connection, identity: ExternalIdentity, now: datetime) -> User:
    tenant = current_tenant()
    if not tenant.settings.auto_register:
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
    user = await _stored(identity, connection, email)
    await external_identities.link(
        connection_id=connection.id,
        issuer=identity.issuer,
        subject=identity.subject,
        user_id=user.id,
        username=identity.username,
        now=now,
    )
    await audit.record(
        Event.USER_CREATED,
        actor=audit.user(user.id, user.username),
        resource=("user", str(user.id)),
        details={"connection": connection.slug, "issuer": identity.issuer},
    )
    return user


async def _stored(identity: ExternalIdentity, connection: Connection, email: str | None) -> User:
    try:
        return await users.create(
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


def _is_welcome(email: str | None, domains: tuple[str, ...]) -> bool:
    own = (email or "").rpartition("@")[2].lower()
    return not domains or own in (each.lower() for each in domains)


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
