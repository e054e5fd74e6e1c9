"""How tenants, clients and users begin: each with its audit event, in one transaction.

Commands use this today; a console and an API will.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate import audit, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.storage import clients, sessions, users
from authgate.storage.clients import Client
from authgate.storage.users import User, UserRole, UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.lifecycle import create_tenant


class UnknownClient(LookupError):
    """The tenant has no client with this id and a secret."""


class UnknownUser(LookupError):
    """The tenant has no user with this name or address."""


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client and its secret, which is shown once."""

    client: Client
    secret: str | None


async def add_tenant(
    parts: Installation,
    *,
    slug: str,
    name: str,
    settings: TenantSettings | None = None,
    actor: Actor = SYSTEM,
) -> Tenant:
    """A new tenant with its keys. Raises ``BadSlug`` and ``SlugTaken``."""
    async with storage.transaction():
        row = await create_tenant(slug=slug, name=name, settings=settings)
    await parts.tenants.invalidate((None, "slug", row.slug))
    tenant = await parts.resolver.find(row.slug)
    assert tenant is not None  # noqa: S101  # it was committed above
    with use_tenant(tenant):
        await parts.keys.ensure(tenant.settings.signing_algorithm)
        await audit.record(Event.TENANT_CREATED, actor=actor, resource=("tenant", str(tenant.id)))
    return tenant


async def add_client(
    parts: Installation,
    *,
    name: str,
    grant_types: Sequence[str],
    scopes: Sequence[str],
    public: bool,
    client_id: str | None = None,
    first_party: bool = False,
    secret: str | None = None,
    actor: Actor = SYSTEM,
) -> NewClient:
    """A new client of the current tenant, with the secret given or a new one.

    Raises ``ClientIdTaken``.
    """
    secret = None if public else secret or clients.new_secret()
    async with storage.transaction():
        client = await clients.create(
            name=name,
            grant_types=grant_types,
            scopes=scopes,
            secret=secret,
            client_id=client_id,
            first_party=first_party,
        )
        await audit.record(
            Event.CLIENT_CREATED,
            actor=actor,
            client_id=client.client_id,
            resource=("client", client.client_id),
        )
    await parts.clients.invalidate(clients.cache_key(client.client_id))
    return NewClient(client, secret)


async def rotate_client_secret(
    parts: Installation, client_id: str, *, secret: str | None = None, actor: Actor = SYSTEM
) -> str:
    """Another secret for a client of the current tenant; the old one ends at once.

    Raises ``UnknownClient`` where there is no such client, or it has no secret.
    """
    secret = secret or clients.new_secret()
    async with storage.transaction():
        if not await clients.replace_secret(client_id, secret):
            raise UnknownClient(client_id)
        await audit.record(
            Event.CLIENT_SECRET_REGENERATED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
        )
    await parts.clients.invalidate(clients.cache_key(client_id))
    return secret


async def add_user(
    passwords: Passwords,
    *,
    username: str,
    password: str,
    email: str | None = None,
    name: str = "",
    role: UserRole = UserRole.USER,
    actor: Actor = SYSTEM,
) -> User:
    """A new user of the current tenant.

    Raises ``BadPassword``, ``BadUsername`` and ``UsernameTaken``.
    """
    hashed = await passwords.hash(password)
    async with storage.transaction():
        user = await users.create(
            username=username,
            email=email,
            email_verified=email is not None,
            name=name,
            password_hash=hashed,
            role=role,
        )
        await audit.record(Event.USER_CREATED, actor=actor, resource=("user", str(user.id)))
    return user


async def disable_user(login: str, *, now: datetime, actor: Actor = SYSTEM) -> User:
    """Sign a user of the current tenant out everywhere, for as long as it stays disabled.

    Raises ``UnknownUser``.
    """
    async with storage.transaction():
        user = await _user(login)
        await users.set_status(user.id, UserStatus.DISABLED)
        await sessions.end_all(user.id, now=now)
        await audit.record(Event.USER_DISABLED, actor=actor, resource=("user", str(user.id)))
    return user


async def enable_user(login: str, *, actor: Actor = SYSTEM) -> User:
    """Let a user of the current tenant sign in again. Raises ``UnknownUser``."""
    async with storage.transaction():
        user = await _user(login)
        await users.set_status(user.id, UserStatus.ACTIVE)
        await audit.record(Event.USER_ENABLED, actor=actor, resource=("user", str(user.id)))
    return user


async def reset_password(
    passwords: Passwords, login: str, *, password: str, now: datetime, actor: Actor = SYSTEM
) -> User:
    """Give a user another password, and sign them out everywhere.

    Raises ``BadPassword`` and ``UnknownUser``.
    """
    hashed = await passwords.hash(password)
    async with storage.transaction():
        user = await _user(login)
        await users.set_password_hash(user.id, hashed)
        await sessions.end_all(user.id, now=now)
        await audit.record(Event.USER_PASSWORD_RESET, actor=actor, resource=("user", str(user.id)))
    return user


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
