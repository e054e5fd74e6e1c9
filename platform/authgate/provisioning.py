"""How tenants, clients and users begin: each with its audit event, in one transaction.

Commands use this today; a console and an API will.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from authgate import audit, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import TENANTS, Installation
from authgate.settings import LimitSettings
from authgate.storage import clients, device_codes, login_failures, sessions, tokens, users
from authgate.storage.clients import Client, ClientStatus
from authgate.storage.rate_limits import BadLimit, Limit
from authgate.storage.users import User, UserRole, UserStatus
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_tenants.lifecycle import new_tenant, set_status, store


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
    """A new tenant with its keys, all of it or nothing.

    Raises ``BadSlug``, ``SlugTaken`` and ``BadLimit``.
    """
    row = new_tenant(slug=slug, name=name, settings=settings)
    tenant = parts.resolver.addressed(row)
    check_limits(tenant.settings)
    with use_tenant(tenant):
        async with storage.transaction():
            await store(row)
            await parts.keys.ensure(tenant.settings.signing_algorithm)
            await audit.record(
                Event.TENANT_CREATED, actor=actor, resource=("tenant", str(tenant.id))
            )
            await storage.after_commit(partial(parts.tenants.invalidate, (None, "slug", slug)))
    return tenant


def check_limits(settings: TenantSettings) -> None:
    """Refuse limits of a tenant that nobody knows or that cannot be read. Raises ``BadLimit``."""
    unknown = set(settings.login_limits) - set(LimitSettings.model_fields)
    if unknown:
        raise BadLimit(f"There is no limit called {', '.join(sorted(unknown))}.")
    for text in settings.login_limits.values():
        Limit.parse(text)


async def set_tenant_status(
    parts: Installation, tenant: Tenant, status: TenantStatus, *, actor: Actor = SYSTEM
) -> None:
    """Suspend a tenant or serve it again; every process knows within five seconds."""
    event = Event.TENANT_SUSPENDED if status is TenantStatus.SUSPENDED else Event.TENANT_RESUMED
    with use_tenant(tenant):
        async with storage.transaction():
            await set_status(tenant.id, status)
            await audit.record(event, actor=actor, resource=("tenant", str(tenant.id)))
            await storage.after_commit(partial(parts.invalidations.publish, TENANTS, None))


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
        await _client_changed(parts, client.client_id)
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
        await _client_changed(parts, client_id)
    return secret


async def set_client_status(
    parts: Installation, client_id: str, status: ClientStatus, *, actor: Actor = SYSTEM
) -> None:
    """Stop serving a client of the current tenant, or serve it again.

    Its tokens end at once and come back with it. Raises ``UnknownClient``.
    """
    async with storage.transaction():
        if not await clients.set_status(client_id, status):
            raise UnknownClient(client_id)
        await audit.record(
            Event.CLIENT_UPDATED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
            details={"status": status},
        )
        await _client_changed(parts, client_id)


async def _client_changed(parts: Installation, client_id: str) -> None:
    # After COMMIT: whoever looked before it would remember the former one.
    await storage.after_commit(partial(parts.clients.invalidate, clients.cache_key(client_id)))


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
        await _end_access(user, now)
        await audit.record(Event.USER_DISABLED, actor=actor, resource=("user", str(user.id)))
    return user


async def enable_user(login: str, *, actor: Actor = SYSTEM) -> User:
    """Let a user of the current tenant sign in again. Raises ``UnknownUser``."""
    async with storage.transaction():
        user = await _user(login)
        await users.set_status(user.id, UserStatus.ACTIVE)
        await _open_account(user)
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
        await _open_account(user)
        await _end_access(user, now)
        await audit.record(Event.USER_PASSWORD_RESET, actor=actor, resource=("user", str(user.id)))
    return user


async def _open_account(user: User) -> None:
    """Forget the wrong passwords tried for this person's name and for their address."""
    for account in filter(None, (user.canonical_username, user.canonical_email)):
        await login_failures.forget(account)


async def _end_access(user: User, now: datetime) -> None:
    """Whoever acts in this person's name, in a browser or on a device, no longer can."""
    await sessions.end_all(user.id, now=now)
    await tokens.revoke_of_user(user.id)
    await device_codes.withdraw_of_user(user.id)


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
