"""The door that plugins come in by: entry points of the group ``authgate``.

A plugin that cannot do what it promises is refused when the server starts, with its name and the
reason: better a server that does not start than one that runs without a policy it was given.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

import pluggy

from authgate.languages import catalogues
from authgate.plugin_api import API_VERSION, hookspecs

GROUP = "authgate"

# No underscore: it ends the name where a claim carries it in front, so that the plugin "acme"
# cannot speak for the plugin "acme-sso".
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class PluginRefused(Exception):
    """An installed plugin cannot be let in. Names the plugin and says what to do."""

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(f"The plugin {plugin!r} is refused: {reason}")
        self.plugin = plugin
        self.reason = reason


def load() -> pluggy.PluginManager:
    """Let in every installed plugin, in the order of their names. Raises ``PluginRefused``."""
    return let_in(installed())


def let_in(plugins: Iterable[EntryPoint]) -> pluggy.PluginManager:
    """Let in these plugins, in the order of their names. Raises ``PluginRefused``."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    for entry in sorted(plugins, key=lambda entry: entry.name):
        _register(manager, entry.name, _imported(entry))
        catalogues.add(entry.module)
    return manager


def installed(only: str | None = None) -> list[EntryPoint]:
    """Every plugin that is installed, or the one of this name if it is. Raises ``PluginRefused``
    where two have one name."""
    # A distribution that is found twice on the path (an editable one beside its wheel) names the
    # same object twice; two different objects under one name are two plugins.
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if only not in (None, entry.name):
            continue
        earlier = found.setdefault(entry.name, entry)
        if earlier.value != entry.value:
            raise PluginRefused(
                entry.name,
                f"{earlier.value} and {entry.value} both claim this name; uninstall one.",
            )
    return list(found.values())


def _imported(entry: EntryPoint) -> object:
    if not _NAME.fullmatch(entry.name) or len(entry.name) > 40:
        raise PluginRefused(
            entry.name, "a plugin's name is lower-case letters and digits, joined by hyphens."
        )
    try:
        plugin: object = entry.load()
    except Exception as error:
        raise PluginRefused(
            entry.name, f"importing {entry.value} raised {type(error).__name__}: {error}"
        ) from error
    return plugin


def _register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    _shake_hands(name, plugin)
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginRefused(name, _explained(manager, error)) from error
    for hook in manager.get_hookcallers(plugin) or ():
        for each in hook.get_hookimpls():
            if each.wrapper or each.hookwrapper:
                raise PluginRefused(name, f"{hook.name}: wrappers of other plugins are not taken.")


def _shake_hands(name: str, plugin: object) -> None:
    stated = getattr(plugin, "plugin_api_version", None)
    if not isinstance(stated, str) or not re.fullmatch(r"\d{1,4}\.\d{1,4}", stated):
        raise PluginRefused(
            name, f'it must state plugin_api_version = "{API_VERSION}" beside its hooks.'
        )
    major, minor = map(int, stated.split("."))
    our_major, our_minor = map(int, API_VERSION.split("."))
    if major != our_major or minor > our_minor:
        raise PluginRefused(
            name,
            f"it speaks plugin API {stated}, this server {API_VERSION}; "
            f"install a version of the plugin for {our_major}.0 to {API_VERSION}.",
        )


def _explained(manager: pluggy.PluginManager, error: Exception) -> str:
    text = " ".join(str(error).split())
    hooks = [name for name in vars(manager.hook) if hasattr(hookspecs, name)]
    unknown = re.match(r"unknown hook '(\w+)'", text)
    nearest = get_close_matches(unknown[1], hooks, n=1) if unknown else []
    return f"{text}; did you mean {nearest[0]}?" if nearest else text
