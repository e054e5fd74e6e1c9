"""A tenant's connections, opened: settings from storage, secrets unsealed, connector found.

A connection is there only while the tenant has its plugin enabled; without it, it is as if it had
never been set up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import orjson
from uuid_utils.compat import uuid7

from authgate.plugin_manager import ConnectorType, LoginConnectors, NoConnector, OpenConnection
from authgate.storage import connections
from authgate.storage.connections import Connection
from authgate.web.view_models import SignInOption
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_SEAL = "connection"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG = 40


class BadSlug(ValueError):
    """A connection's slug is part of an address: small letters, digits and single hyphens."""


@dataclass(frozen=True, slots=True)
class UsableConnection:
    """A connection whose plugin is enabled."""

    stored: Connection
    connector: ConnectorType


class TenantConnections:
    """The connections of whichever tenant is in scope."""

    def __init__(self, *, connectors: LoginConnectors, encryption: TenantEncryption) -> None:
        self._connectors = connectors
        self._encryption = encryption

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
        stored = await connections.find(slug)
        return self._usable(stored) if stored else None

    async def opened(self, connection: UsableConnection) -> OpenConnection:
        """The connection with its secrets, for the length of a request."""
        tenant_id, stored = current_tenant().id, connection.stored
        cipher = await self._encryption.cipher(tenant_id)
        secrets = orjson.loads(
            cipher.open(kind=_SEAL, object_id=str(stored.id), sealed=stored.sealed_secrets)
        )
        return OpenConnection(
            tenant_id=tenant_id,
            name=stored.slug,
            connector=connection.connector,
            config={**stored.config, **secrets},
        )

    async def add(
        self, *, slug: str, connector: str, config: Mapping[str, object], label: str = ""
    ) -> Connection:
        """Set up a connection.

        Raises ``NoConnector``, ``BadSlug``, ``ConnectionExists``, and ``ConnectorConfigError``
        for the setting that is wrong.
        """
        if len(slug) > _LONGEST_SLUG or not _SLUG.fullmatch(slug):
            raise BadSlug(slug)
        tenant = current_tenant()
        found = self._connectors.find(connector, enabled=tenant.settings.enabled_plugins)
        found.check_config(config)
        secret = {field.name for field in found.fields if field.secret} & config.keys()
        connection_id = uuid7()
        cipher = await self._encryption.cipher(tenant.id)
        return await connections.create(
            connection_id=connection_id,
            slug=slug,
            connector=connector,
            label=label or found.label,
            config={name: value for name, value in config.items() if name not in secret},
            sealed_secrets=cipher.seal(
                kind=_SEAL,
                object_id=str(connection_id),
                plaintext=orjson.dumps({name: config[name] for name in secret}),
            ),
        )

    def _usable(self, stored: Connection) -> UsableConnection | None:
        enabled = current_tenant().settings.enabled_plugins
        try:
            return UsableConnection(
                stored, self._connectors.find(stored.connector, enabled=enabled)
            )
        except NoConnector:
            return None
