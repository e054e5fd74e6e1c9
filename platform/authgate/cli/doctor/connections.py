"""A tenant's plugins and connections: that each can do what it is there for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from authgate.accounts import connection_standings
from authgate.accounts.connection_standings import SOON
from authgate.accounts.external_accounts import takes_newcomers
from authgate.accounts.tenant_connections import TenantConnections
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.installation import Installation
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import ConnectorTypes, OpenConnection
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connections import Connection
from authgate_tenants import Tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

_NEXT = (
    "Have the provider publish its next one, and run `authgate connection test {connection}"
    " --tenant {tenant}`, which reads what it publishes; or paste its new metadata: `authgate"
    " connection update {connection} --tenant {tenant} --set metadata=@FILE`."
)

PLUGIN_ABSENT = Misconfiguration(
    code="plugin-absent",
    area=Area.PLUGINS,
    wrong="A tenant has a plugin enabled that is not installed.",
    why="Its claims, policy or way to sign in is not there, and nobody is told.",
    cure="Install it where servers run, or take it out of the list:"
    " `authgate tenant set {tenant} enabled_plugins=…`.",
)
CONNECTION_BROKEN = Misconfiguration(
    code="connection-broken",
    area=Area.PLUGINS,
    wrong="A tenant's connection to an identity provider cannot be used.",
    why="People who sign in by it cannot, and the page does not offer it.",
    cure="Enable the plugin that brings it (`authgate tenant set {tenant} enabled_plugins=…`), or"
    " correct it: `authgate connection update {connection} --tenant {tenant}`.",
)
CONNECTION_ENDED = Misconfiguration(
    code="connection-ended",
    area=Area.PLUGINS,
    wrong="What a connection stands on, such as the certificate that its provider signs by, has"
    " ended.",
    why="Nobody can sign in by it.",
    cure=_NEXT,
)
CONNECTION_ENDS = Misconfiguration(
    code="connection-ends",
    severity=Severity.WARNING,
    area=Area.PLUGINS,
    wrong="What a connection stands on, such as the certificate that its provider signs by, ends"
    " within 30 days.",
    why="From then on nobody can sign in by it.",
    cure=_NEXT,
)
PROVIDER_UNFIT = Misconfiguration(
    code="provider-unfit",
    severity=Severity.WARNING,
    area=Area.PLUGINS,
    wrong="A provider's metadata or keys could not be read, or were none, when it was asked last.",
    why="Sign-ins go by former ones for a day, and then not at all.",
    cure="Have the provider mend what is at that address; then run `authgate connection test"
    " {connection} --tenant {tenant}`, which reads it anew.",
)
OPEN_REGISTRATION = Misconfiguration(
    code="open-registration",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A tenant makes a user of everybody who signs in by one of its connections.",
    why="Everybody who has an account at a public provider then has one here.",
    cure="Run `authgate tenant set {tenant} auto_register=false`, or `authgate connection update"
    " --newcomers refused`, unless the provider knows only those who may come.",
)


async def findings(
    tenant: Tenant, parts: Installation, connectors: ConnectorTypes, installed: frozenset[str]
) -> AsyncIterator[Finding]:
    """What is wrong in the tenant in scope."""
    for name in sorted(set(tenant.settings.enabled_plugins) - installed):
        yield PLUGIN_ABSENT.found(f"{name}, in {tenant.slug}", tenant=tenant.slug)
    looked = _Looked(
        tenant, connectors, TenantConnections(connectors=connectors, encryption=parts.encryption)
    )
    offered = await connections.offered()
    for connection in offered:
        async for finding in looked.findings(connection, now=parts.clock()):
            yield finding
    open_ = [each.slug for each in offered if takes_newcomers(each)]
    if open_:
        slugs = ", ".join(open_)
        yield OPEN_REGISTRATION.found(f"{tenant.slug}, by {slugs}", tenant=tenant.slug)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A tenant whose connections are looked at."""

    tenant: Tenant
    connectors: ConnectorTypes
    usable: TenantConnections

    async def findings(self, connection: Connection, *, now: datetime) -> AsyncIterator[Finding]:
        """What is wrong with one of them."""
        opened = await self._opened(connection)
        if isinstance(opened, str):
            yield self._found(CONNECTION_BROKEN, connection, opened)
            return
        for ends in await connection_standings.ends_of(self.connectors, connection, opened):
            if ends.at <= now + SOON:
                which = CONNECTION_ENDED if ends.at <= now else CONNECTION_ENDS
                yield self._found(which, connection, f"{ends.name}, until {ends.at:%Y-%m-%d}")
        standing = connection.standing
        if standing.fault and standing.fault_since:
            said = f"since {standing.fault_since:%Y-%m-%d %H:%M} UTC: {standing.fault}"
            yield self._found(PROVIDER_UNFIT, connection, said.rstrip("."))

    def _found(self, which: Misconfiguration, connection: Connection, said: str) -> Finding:
        slug, tenant = connection.slug, self.tenant.slug
        return which.found(f"{slug}, in {tenant}: {said}", connection=slug, tenant=tenant)

    async def _opened(self, connection: Connection) -> OpenConnection | str:
        """The connection, or why it cannot be used."""
        found = await self.usable.find(connection.slug)
        if found is None:
            return f"no installed and enabled plugin brings {connection.connector}"
        try:
            opened = await self.usable.opened(found)
            opened.connector.check_config(opened.config)
        except (SealBroken, UnknownKeyEncryptionKey):
            return "its secrets do not open"
        except ConnectorConfigError as error:
            return str(error)
        return opened
