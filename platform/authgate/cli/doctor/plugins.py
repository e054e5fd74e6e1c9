"""Installed plugins: that each is let in, and which ways to sign in they bring."""

from authgate import plugin_manager
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, well
from authgate.plugin_manager import ConnectorTypes, PluginRefused
from authgate.plugin_manager.console import console_pages

PLUGIN_REFUSED = Misconfiguration(
    code="plugin-refused",
    area=Area.PLUGINS,
    wrong="An installed plugin is not let in.",
    why="The server does not start: it would run without a policy that it was given.",
    cure="Install a version of the plugin that fits, or uninstall it: `pip uninstall`."
    " `authgate plugin doctor` examines each plugin by itself.",
)


def loaded() -> tuple[ConnectorTypes | None, frozenset[str], Finding]:
    """The ways to sign in, the names of all plugins, and what is wrong with one of them."""
    try:
        installed = plugin_manager.load()
        connectors = ConnectorTypes(installed)
        console_pages(installed)
    except PluginRefused as error:
        return None, frozenset(), PLUGIN_REFUSED.found(" ".join(str(error).split()))
    names = frozenset(name for name, _ in installed.list_name_plugin())
    return (
        connectors,
        names,
        well(Area.PLUGINS, f"{len(names)} installed: {', '.join(sorted(names))}"),
    )
