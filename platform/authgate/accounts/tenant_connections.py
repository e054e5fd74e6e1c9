"""A tenant's connections, opened: settings from storage, secrets unsealed, connector found.

A connection is there only while the tenant has its plugin enabled; without it, it is as if it had
never been set up.
"""

from dataclasses import dataclass
from urllib.parse import quote

from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.plugin_manager import ConnectorType, ConnectorTypes, NoConnector, OpenConnection
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connections import Connection
from authgate.web.view_models import SignInOption
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption


@dataclass(frozen=True, slots=True)
class UsableConnection:
    """A connection whose plugin is enabled."""

    stored: Connection
    connector: ConnectorType


class TenantConnections:
    """The connections of whichever tenant is in scope."""

    def __init__(self, *, connectors: ConnectorTypes, encryption: TenantEncryption) -> None:
        self._connectors = connectors
        self._secrets = ConnectionSecrets(encryption)

    async def offered(self, return_to: str) -> tuple[SignInOption, ...]:
        """What the sign-in page shows, in the order that the tenant chose."""
        tenant = current_tenant()
        if not tenant.settings.enabled_plugins:
            return ()
        back = f"?return_to={quote(return_to)}"
        usable = [self._usable(stored) for stored in await connections.offered()]
        return tuple(
            SignInOption(
                name=each.stored.label,
                url=f"{tenant.prefix}/login/{each.stored.slug}{back}",
                icon=each.connector.icon,
            )
            for each in usable
            if each
        )

    async def find(self, slug: str) -> UsableConnection | None:
        """The connection of this slug."""
        stored = await connections.find_offered(slug)
        return self._usable(stored) if stored else None

    async def opened(self, connection: UsableConnection) -> OpenConnection:
        """The connection with its secrets, for the length of a request."""
        stored = connection.stored
        return OpenConnection(
            tenant_id=current_tenant().id,
            name=stored.slug,
            connector=connection.connector,
            config={**stored.config, **await self._secrets.open(stored)},
        )

    def _usable(self, stored: Connection) -> UsableConnection | None:
        enabled = current_tenant().settings.enabled_plugins
        try:
            return UsableConnection(
                stored, self._connectors.find(stored.connector, enabled=enabled)
            )
        except NoConnector:
            return None
