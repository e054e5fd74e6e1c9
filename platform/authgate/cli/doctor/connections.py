"""A tenant's plugins and connections: that each can do what it is there for."""

from collections.abc import AsyncIterator

from authgate.accounts.external_accounts import takes_newcomers
from authgate.accounts.tenant_connections import TenantConnections
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.plugin_api import ConnectorConfigError
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connections import Connection
from authgate_tenants import Tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

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
    tenant: Tenant, usable: TenantConnections, installed: frozenset[str]
) -> AsyncIterator[Finding]:
    """What is wrong in the tenant in scope."""
    for name in sorted(set(tenant.settings.enabled_plugins) - installed):
        yield PLUGIN_ABSENT.found(f"{name}, in {tenant.slug}", tenant=tenant.slug)
    offered = await connections.offered()
    for connection in offered:
        reason = await _reason(usable, connection)
        if reason:
            what = f"{connection.slug}, in {tenant.slug}: {reason}"
            yield CONNECTION_BROKEN.found(what, connection=connection.slug, tenant=tenant.slug)
    open_ = [each.slug for each in offered if takes_newcomers(each)]
    if open_:
        slugs = ", ".join(open_)
        yield OPEN_REGISTRATION.found(f"{tenant.slug}, by {slugs}", tenant=tenant.slug)


async def _reason(usable: TenantConnections, connection: Connection) -> str:
    found = await usable.find(connection.slug)
    if found is None:
        return f"no installed and enabled plugin brings {connection.connector}"
    try:
        opened = await usable.opened(found)
        opened.connector.check_config(opened.config)
    except (SealBroken, UnknownKeyEncryptionKey):
        return "its secrets do not open"
    except ConnectorConfigError as error:
        return str(error)
    return ""
