"""A tenant under fire: who lives there."""

from dataclasses import dataclass
from datetime import timedelta

from authgate import provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people import account_deletions, users
from authgate.storage.people.users import User
from authgate_tenants import use_tenant
from authgate_testing.device import GRANT

PASSWORD = "correct-horse-battery-staple"
PERSON = "mira"
LEAVERS = 6
CALLBACK = "https://fleet.example/callback"
CLERKS_SCOPES = (
    "authgate:audit:read",
    "authgate:users:read",
    "authgate:users:write",
)

_SCOPES = ("openid", "profile", "email", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A tenant, its machine, which people may sign in to, its device client and its person."""

    slug: str
    tenant_id: str
    issuer: str
    machine: tuple[str, str]
    """Client id and secret."""

    device: str
    """Client id."""

    subject: str
    """``sub`` of the person."""

    clerk: tuple[str, str] = ("", "")
    """Client id and secret of a program that administers it."""

    portal: tuple[str, str] = ("", "")
    """The same of an application that wants to be told when sessions are over."""

    leavers: tuple[str, ...] = ()
    """``sub`` of people who have asked that their accounts be deleted."""

    @property
    def prefix(self) -> str:
        """Where its paths begin."""
        return f"/t/{self.slug}"


async def settled(parts: Installation, slug: str, *, logout_uri: str = "") -> Household:
    """A new tenant with everybody in it."""
    tenant = await provisioning.add_tenant(parts, slug=slug, name=slug.title())
    with use_tenant(tenant):
        machine = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Nightly backup",
                grant_types=["client_credentials", "authorization_code", "refresh_token"],
                scopes=["read"],
                redirect_uris=[CALLBACK],
            ),
        )
        device = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Fleet CLI",
                grant_types=[GRANT],
                scopes=_SCOPES,
                public=True,
                first_party=True,
            ),
        )
        clerk = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Clerk", grant_types=["client_credentials"], scopes=list(CLERKS_SCOPES)
            ),
        )
        portal = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Fleet portal",
                grant_types=["authorization_code"],
                scopes=["openid"],
                redirect_uris=[CALLBACK],
                first_party=True,
                metadata=ClientMetadata(backchannel_logout_uri=logout_uri),
            ),
        )
        person = await _person(slug)
        leavers = [await _leaver(number, slug) for number in range(LEAVERS)]
    return Household(
        slug=slug,
        tenant_id=str(tenant.id),
        issuer=tenant.issuer,
        machine=(machine.client.client_id, machine.secret or ""),
        device=device.client.client_id,
        subject=person.subject,
        clerk=(clerk.client.client_id, clerk.secret or ""),
        portal=(portal.client.client_id, portal.secret or ""),
        leavers=tuple(leavers),
    )


async def _leaver(number: int, slug: str) -> str:
    now = utc_now()
    async with storage.transaction():
        leaver = await users.create(username=f"leaver-{number}", email=f"{number}@{slug}.example")
        await account_deletions.ask(leaver.id, due_at=now + timedelta(days=30), now=now)
    return str(leaver.id)


async def _person(slug: str) -> User:
    passwords = Passwords()
    try:
        return await provisioning.add_user(
            passwords, username=PERSON, password=PASSWORD, email=f"{PERSON}@{slug}.example"
        )
    finally:
        passwords.close()
