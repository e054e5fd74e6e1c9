"""A tenant of a live server, for clients that are not ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from authgate import provisioning
from authgate.installation import Installation
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import Tenant, TenantSettings, use_tenant


@dataclass(frozen=True, slots=True)
class Issuer:
    """A tenant, where Mira lives."""

    parts: Installation
    tenant: Tenant

    @property
    def url(self) -> str:
        """What clients are configured with."""
        return self.tenant.issuer

    async def add(self, draft: ClientDraft) -> NewClient:
        """A client of it."""
        with use_tenant(self.tenant):
            return await provisioning.add_client(self.parts, draft)


MakeIssuer = Callable[[TenantSettings], Awaitable[Issuer]]
