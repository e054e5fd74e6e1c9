"""What plugins say of themselves once, before anybody asks them for anything."""

from collections.abc import Callable, Iterator

import pluggy

from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.containment import Fault, at_start
from authgate.plugin_manager.implementations import implementations
from authgate.plugin_manager.isolation import place_of
from authgate.plugin_manager.loading import PluginRefused


def registered(
    installed: pluggy.PluginManager, hook: Callable[..., object]
) -> Iterator[tuple[str, object]]:
    """What each plugin answers to a hook without arguments. Raises ``PluginRefused``."""
    for plugin, implementation in implementations(installed, hook.__name__):
        try:
            yield plugin, at_start(implementation({}), budget=rules_of(hook).budget)
        except Fault as fault:
            reason = f"{hook.__name__} {fault.outcome}, {place_of(fault)}."
            raise PluginRefused(plugin, reason) from fault
