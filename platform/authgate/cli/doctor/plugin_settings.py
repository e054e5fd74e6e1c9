"""What tenants have set for their plugins: that each has what it needs."""

from collections.abc import AsyncIterator

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.installation import Installation
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import PluginFailed
from authgate.provisioning.plugin_settings import TenantPlugin, plugins_of_tenant
from authgate_tenants import Tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

PLUGIN_WAITS = Misconfiguration(
    code="plugin-waits",
    severity=Severity.WARNING,
    area=Area.PLUGINS,
    wrong="A tenant has a plugin enabled that needs settings, and nobody has set any.",
    why="It is not asked: where it is to decide who signs in, everybody does.",
    cure="Run `authgate plugin-settings set {plugin} --tenant {tenant} --set …`, or take it out of"
    " the list: `authgate tenant set {tenant} enabled_plugins=…`.",
)
PLUGIN_SETTINGS_UNFIT = Misconfiguration(
    code="plugin-settings-unfit",
    area=Area.PLUGINS,
    wrong="What a tenant has set for a plugin is not fit for it, since it was replaced by another"
    " version or a key is missing.",
    why="It fails: where it is to decide who signs in, nobody does.",
    cure="Run `authgate plugin-settings set {plugin} --tenant {tenant} --set …`, or bring back the"
    " version that it was set for.",
)


async def findings(parts: Installation, tenant: Tenant) -> AsyncIterator[Finding]:
    """What is wrong in the tenant in scope, with plugins that are not paused."""
    for plugin in await plugins_of_tenant(parts):
        about = {"plugin": plugin.name, "tenant": tenant.slug}
        where = f"{plugin.name}, in {tenant.slug}"
        if plugin.paused:
            continue
        if plugin.waits:
            yield PLUGIN_WAITS.found(where, **about)
        elif fault := await _unfit(parts, plugin, tenant):
            yield PLUGIN_SETTINGS_UNFIT.found(f"{where}: {fault}", **about)


async def _unfit(parts: Installation, plugin: TenantPlugin, tenant: Tenant) -> str:
    if plugin.kept is None:
        return ""
    try:
        opened = await parts.plugin_configs.opened(plugin.kept)
        known = parts.plugins.config_types.known(plugin.name, {**plugin.kept.config, **opened})
        await parts.plugins.configs.check(plugin.name, known, tenant_id=tenant.id)
    except (SealBroken, UnknownKeyEncryptionKey):
        return "its secrets do not open"
    except ConnectorConfigError as error:
        return str(error)
    except PluginFailed:
        return "the plugin could not say whether they are"
    return ""
