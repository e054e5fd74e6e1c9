"""Each installed plugin by itself: what it is, what it brings, and what keeps it out."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pluggy

from authgate.cli.command_line import COMMANDS
from authgate.cli.plugin.commands import commands_of
from authgate.plugin_manager import ConfigTypes, ConnectorTypes, PluginRefused, loading
from authgate.plugin_manager.console import console_pages

_REINSTALL = "Install a version that fits, or uninstall it: pip uninstall {distribution}."
_ONE_OF_TWO = "Uninstall one of the two."
_NO_CONNECTOR = "It raises, takes too long, or returns no classes: call it in a Python prompt."
_OUT_OF_REACH = "Nobody reaches its commands: give the plugin another name."
_UNUSED = "Mark its hooks with @hookimpl, in the module that the entry point names."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A plugin, as it was found."""

    plugin: str
    distribution: str = ""
    version: str = ""
    api: str = ""
    """The version of the plugin API that it was written for."""
    hooks: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    commands: bool = False
    """Whether ``authgate`` has commands of it."""
    wrong: str = ""
    """What keeps it out, or makes it useless."""
    cure: str = ""

    @property
    def provenance(self) -> str:
        """Where it comes from."""
        return f"{self.distribution} {self.version}".strip()


def every_plugin() -> list[Inspected]:
    """What is installed, in the order of the names; each is loaded."""
    try:
        entries = sorted(loading.installed(), key=lambda entry: entry.name)
    except PluginRefused as error:
        return [Inspected(plugin=error.plugin, wrong=error.reason, cure=_ONE_OF_TWO)]
    alone = [_inspected(each) for each in entries]
    refused = {each.plugin for each in alone if each.wrong}
    return [*alone, *_together(each for each in entries if each.name not in refused)]


def _inspected(entry: EntryPoint) -> Inspected:
    distribution = entry.dist.name if entry.dist else ""
    version = entry.dist.version if entry.dist else ""
    cure = _REINSTALL.format(distribution=distribution)
    try:
        manager = loading.let_in([entry])
        connectors = tuple(ConnectorTypes(manager).types)
        ConfigTypes(manager)
        commands = commands_of(manager) is not None
        console_pages(manager)
    except PluginRefused as error:
        return Inspected(
            plugin=entry.name,
            distribution=distribution,
            version=version,
            wrong=error.reason,
            cure=cure,
        )
    plugin = manager.get_plugin(entry.name)
    hooks = tuple(sorted(_hooks(manager, plugin)))
    return Inspected(
        plugin=entry.name,
        distribution=distribution,
        version=version,
        api=str(getattr(plugin, "plugin_api_version", "")),
        hooks=hooks,
        connectors=connectors,
        commands=commands,
        **_useless(entry.name, hooks, connectors),
    )


def _useless(name: str, hooks: Collection[str], connectors: Collection[str]) -> dict[str, str]:
    """What is wrong with a plugin that is let in, and does not do what it is for."""
    if not hooks:
        return {"wrong": "it takes part in no hook.", "cure": _UNUSED}
    for hook in ("register_login_connectors", "register_password_connectors"):
        if hook in hooks and not connectors:
            return {"wrong": f"{hook} brings none.", "cure": _NO_CONNECTOR}
    if "register_commands" in hooks and name in COMMANDS:
        return {"wrong": f"authgate {name} is a command already.", "cure": _OUT_OF_REACH}
    return {}


def _hooks(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    for hook in manager.get_hookcallers(plugin) or ():
        yield hook.name


def _together(entries: Iterable[EntryPoint]) -> Iterator[Inspected]:
    """What is wrong with plugins that are well alone: two bring connectors of one name."""
    try:
        ConnectorTypes(loading.let_in(entries))
    except PluginRefused as error:
        yield Inspected(plugin=error.plugin, wrong=error.reason, cure=_ONE_OF_TWO)
