"""A tenant under fire: who lives there."""

from dataclasses import dataclass

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.installation import Installation
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User
from authgate_tenants import use_tenant
from authgate_testing.device import GRANT

PASSWORD = "correct-horse-battery-staple"
PERSON = "mira"
CALLBACK = "https://fleet.example/callback"

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

    @property
    def prefix(self) -> str:
        """Where its paths begin."""
        return f"/t/{self.slug}"


async def settled(parts: Installation, slug: str) -> Household:
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
        person = await _person(slug)
    return Household(
        slug=slug,
        tenant_id=str(tenant.id),
        issuer=tenant.issuer,
        machine=(machine.client.client_id, machine.secret or ""),
        device=device.client.client_id,
        subject=person.subject,
    )


async def _person(slug: str) -> User:
    passwords = Passwords()
    try:
        return await provisioning.add_user(
            passwords, username=PERSON, password=PASSWORD, email=f"{PERSON}@{slug}.example"
        )
    finally:
        passwords.close()
