"""Filling the demo's database: what is there stays, what is missing is made."""

from collections.abc import AsyncIterator, Collection

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.cli.demo.site import (
    DEVICE_CLIENT,
    DEVICE_SCOPES,
    MACHINE_CLIENT,
    MACHINE_SCOPES,
    SEEDS,
    Access,
    DemoSite,
    Seed,
)
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.permissions import UserRole
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.secrets import new_secret
from authgate.storage.people import users
from authgate_tenants import Tenant, TenantSettings, use_tenant


def new_access(seed: Seed) -> Access:
    """Random passwords for a tenant of the demo."""
    return Access(seed.username, provisioning.random_password(), new_secret())


async def fill(parts: Installation, site: DemoSite, *, anew: Collection[str]) -> AsyncIterator[str]:
    """Make what is missing, and tell of each tenant that is new.

    In the tenants named by ``anew`` what is there already is given the site's passwords.
    """
    passwords = Passwords(threads=1)
    try:
        for seed in SEEDS:
            tenant = await parts.resolver.find(seed.slug)
            if tenant is None:
                tenant = await _add_tenant(parts, seed)
                yield f"Seed tenant {seed.slug}: 1 user, 2 clients"
            with use_tenant(tenant):
                access = site.tenants[seed.slug]
                await _fill_user(passwords, seed, access, anew=seed.slug in anew)
                await _fill_clients(parts, access, anew=seed.slug in anew)
    finally:
        passwords.close()


async def _add_tenant(parts: Installation, seed: Seed) -> Tenant:
    settings = TenantSettings(brand_color=seed.brand_color)
    return await provisioning.add_tenant(parts, slug=seed.slug, name=seed.name, settings=settings)


async def _fill_user(passwords: Passwords, seed: Seed, access: Access, *, anew: bool) -> None:
    if await users.find_by_login(seed.username) is None:
        await provisioning.add_user(
            passwords,
            username=seed.username,
            password=access.password,
            email=seed.username,
            name=seed.person,
            role=UserRole.OWNER,
        )
    elif anew:
        await provisioning.reset_password(
            passwords, seed.username, password=access.password, now=utc_now()
        )


async def _fill_clients(parts: Installation, access: Access, *, anew: bool) -> None:
    if await clients.find(DEVICE_CLIENT) is None:
        await _add_device_client(parts)
    if await clients.find(MACHINE_CLIENT) is None:
        await _add_machine_client(parts, access.machine_secret)
    elif anew:
        await provisioning.rotate_client_secret(parts, MACHINE_CLIENT, secret=access.machine_secret)


async def _add_device_client(parts: Installation) -> None:
    await provisioning.add_client(
        parts,
        ClientDraft(
            name="AuthGate command line",
            grant_types=[DeviceCodeGrant.grant_type],
            scopes=DEVICE_SCOPES,
            public=True,
            client_id=DEVICE_CLIENT,
            first_party=True,
        ),
    )


async def _add_machine_client(parts: Installation, secret: str) -> None:
    await provisioning.add_client(
        parts,
        ClientDraft(
            name="Nightly report",
            grant_types=[ClientCredentialsGrant.grant_type],
            scopes=MACHINE_SCOPES,
            client_id=MACHINE_CLIENT,
        ),
        secret=secret,
    )
